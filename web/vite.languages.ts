import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import type { Plugin } from "vite";

const FOLDER = resolve(import.meta.dirname, "widget/src/words");

type Words = Record<string, string>;

/** Every language's words, by its tag; throws when one lacks something that English has, or has something more. */
export function languages(folder = FOLDER): Map<string, Words> {
  const read = (file: string) => JSON.parse(readFileSync(resolve(folder, file), "utf8"));
  const all = new Map<string, Words>();
  for (const file of readdirSync(folder)) if (file !== "labels.json") all.set(basename(file, ".json"), read(file));
  const labels: Record<string, unknown> = read("labels.json");
  const english = all.get("en") ?? {};
  const faults = [...all].flatMap(([language, words]) => differences(language, words, english));
  for (const language of new Set([...all.keys(), ...Object.keys(labels)])) {
    if (!all.has(language)) faults.push(`${language}.json is missing`);
    if (!(language in labels)) faults.push(`labels.json lacks "${language}"`);
  }
  if (faults.length > 0) throw new Error(`the widget's words:\n${faults.join("\n")}`);
  return all;
}

function differences(language: string, words: Words, english: Words): string[] {
  const faults: string[] = [];
  for (const name of new Set([...Object.keys(english), ...Object.keys(words)])) {
    const [here, there] = [words[name], english[name]];
    if (here === undefined || here === "") faults.push(`${language}.json lacks "${name}"`);
    else if (there === undefined) faults.push(`${language}.json has "${name}", which English does not have`);
    else if (here.split("{}").length !== there.split("{}").length)
      faults.push(`${language}.json: "${name}" and its {}`);
  }
  return faults;
}

/** As JavaScript has it: JSON's quotes around names are a few bytes too many. */
function literal(words: Words): string {
  return `{${Object.entries(words).map(([name, text]) => `${name}:${JSON.stringify(text)}`)}}`;
}

/**
 * Makes one file of the chat for each language, with its words inside, so that whoever opens it downloads one file.
 * `tell` puts their names into the code of the loader: `name` is that of a language's file, `*` in the language's place.
 */
export function oneForEachLanguage(
  chat: string,
  loader: string,
  name: string,
  tell: (code: string, name: string, languages: string[]) => string,
): Plugin {
  return {
    name: "usher:one-for-each-language",
    buildStart() {
      languages();
      for (const file of readdirSync(FOLDER)) this.addWatchFile(resolve(FOLDER, file));
    },
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const [chatChunk, loaderChunk] = [bundle[chat], bundle[loader]];
        if (chatChunk?.type !== "chunk" || loaderChunk?.type !== "chunk")
          return this.error("the parts have other names");
        const all = languages();
        const content = chatChunk.code + JSON.stringify([...all]);
        const hash = createHash("sha256").update(content).digest("base64url").slice(0, 8);
        const fileName = name.replace("HASH", hash);
        for (const [language, words] of all) {
          const source = chatChunk.code.replace("USHER_WORDS", () => literal(words));
          this.emitFile({ type: "asset", fileName: fileName.replace("*", language), source });
        }
        loaderChunk.code = tell(loaderChunk.code, fileName, [...all.keys()]);
        delete bundle[chat];
      },
    },
  };
}
