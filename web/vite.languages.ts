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
  const labels: Record<string, Words> = read("labels.json");
  const english = all.get("en") ?? {};
  const faults = [...all].flatMap(([language, words]) => differences(`${language}.json`, words, english));
  for (const language of new Set([...all.keys(), ...Object.keys(labels)])) {
    const said = labels[language];
    if (!all.has(language)) faults.push(`${language}.json is missing`);
    if (said === undefined) faults.push(`labels.json lacks "${language}"`);
    else faults.push(...differences(`labels.json, ${language}`, said, labels.en ?? {}));
  }
  if (faults.length > 0) throw new Error(`the widget's words:\n${faults.join("\n")}`);
  return all;
}

function differences(where: string, words: Words, english: Words): string[] {
  const faults: string[] = [];
  for (const name of new Set([...Object.keys(english), ...Object.keys(words)])) {
    const [here, there] = [words[name], english[name]];
    if (here === undefined || here === "") faults.push(`${where} lacks "${name}"`);
    else if (there === undefined) faults.push(`${where} has "${name}", which English does not have`);
    else if (here.split("{}").length !== there.split("{}").length) faults.push(`${where}: "${name}" and its {}`);
  }
  return faults;
}

/**
 * The chat's code with one language's words in it. A text stands where it is said, which is 250 bytes less to download
 * than a table of them and their names; what is looked up stays one. JSON's quotes around names would be too many.
 */
function speaking(code: string, words: Words): string {
  const looked = new Map(Object.entries(words));
  const said = code.replace(/\bUSHER_WORD_(\w+)/g, (_, name) => {
    if (!Object.hasOwn(words, name)) throw new Error(`the widget says words.${name}, which no language has`);
    looked.delete(name);
    return JSON.stringify(words[name]);
  });
  const table = [...looked].map(([name, text]) => `${name}:${JSON.stringify(text)}`);
  return said.replace(/\bUSHER_WORDS\b/, () => `{${table}}`);
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
  folder = FOLDER,
): Plugin {
  return {
    name: "usher:one-for-each-language",
    buildStart() {
      languages(folder);
      for (const file of readdirSync(folder)) this.addWatchFile(resolve(folder, file));
    },
    // Names of their own, which a minifier leaves alone until there is a text for each.
    transform: {
      filter: { id: /\/widget\/src\/.*\.tsx?$/ },
      handler: (code) => code.replace(/\bwords\.(\w+)\b(?!")/g, "USHER_WORD_$1"),
    },
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const [chatChunk, loaderChunk] = [bundle[chat], bundle[loader]];
        if (chatChunk?.type !== "chunk" || loaderChunk?.type !== "chunk")
          return this.error("the parts have other names");
        const all = languages(folder);
        const content = chatChunk.code + JSON.stringify([...all]);
        const hash = createHash("sha256").update(content).digest("base64url").slice(0, 8);
        const fileName = name.replace("HASH", hash);
        for (const [language, words] of all) {
          this.emitFile({
            type: "asset",
            fileName: fileName.replace("*", language),
            source: speaking(chatChunk.code, words),
          });
        }
        loaderChunk.code = tell(loaderChunk.code, fileName, [...all.keys()]);
        delete bundle[chat];
      },
    },
  };
}
