import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Plugin } from "vite";

const FOLDER = resolve(import.meta.dirname, "inbox/src/words");

/** Fails the build when a language of the inbox lacks a word that English has, has one more, or fills it otherwise. */
export function inboxWords(folder = FOLDER): Plugin {
  return {
    name: "usher:inbox-words",
    buildStart() {
      const faults = wordFaults(folder);
      if (faults.length > 0) throw new Error(`the inbox's words:\n${faults.join("\n")}`);
    },
  };
}

/** What is wrong with the languages of a folder; empty when nothing is. */
export function wordFaults(folder = FOLDER): string[] {
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
  const read = (file: string): Record<string, string> => JSON.parse(readFileSync(resolve(folder, file), "utf8"));
  const english = read("en.json");
  return files.flatMap((file) => {
    const words = read(file);
    return [...new Set([...Object.keys(english), ...Object.keys(words)])].flatMap((name) => {
      const [here, there] = [words[name], english[name]];
      if (!here) return [`${file} lacks "${name}"`];
      if (there === undefined) return [`${file} has "${name}", which English does not have`];
      return holes(here) === holes(there) ? [] : [`${file}: "${name}" fills in other things than English`];
    });
  });
}

function holes(text: string): string {
  return [...text.matchAll(/\{\w+\}/g)]
    .map(([hole]) => hole)
    .sort()
    .join();
}
