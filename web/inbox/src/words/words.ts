import type english from "./en.json";

/** Everything the inbox says, by name; `{name}` within a text is filled in. */
export type Word = keyof typeof english;
export type Words = Readonly<Record<Word, string>>;
export type Language = keyof typeof FILES;

/** Each language is a file of its own, and one of them is fetched. One that lacks a word does not compile or build. */
const FILES = {
  en: (): Promise<{ default: Words }> => import("./en.json"),
  nl: (): Promise<{ default: Words }> => import("./nl.json"),
};

/** The languages by their own names. */
export const LANGUAGES: Readonly<Record<Language, string>> = { en: "English", nl: "Nederlands" };

let words: Words;
let spoken: Language = "en";
let regional: string | undefined;

/** The text of this name. */
export function t(word: Word, fill: Readonly<Record<string, string | number>> = {}): string {
  return words[word].replace(/\{(\w+)\}/g, (hole, name: string) => isolated(String(fill[name] ?? hole)));
}

/** As it was before it was filled into a text: for what is not shown but kept. */
export function bare(text: string): string {
  return text.replace(/[\u2068\u2069]/g, "");
}

/** Hebrew, Arabic and their kin. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

/** A name that runs from right to left would take the time or the number behind it along. */
function isolated(text: string): string {
  return RIGHT_TO_LEFT.test(text) ? `\u2068${text}\u2069` : text;
}

/** One of two texts, `name.one` or `name.other`, by a number that fills `{count}`. */
export function count(name: Counted, count: number): string {
  return t(`${name}.${count === 1 ? "one" : "other"}` as Word, { count });
}

/** Texts that come in two forms. */
export type Counted = Word extends infer W ? (W extends `${infer Name}.one` ? Name : never) : never;

/** The tag for dates and numbers, with the reader's region where they have one; undefined before `speak`. */
export function region(): string | undefined {
  return regional;
}

/** Must be done before anything is said: the first of these languages that the inbox speaks, else English. */
export async function speak(wanted: readonly string[]): Promise<Language> {
  const tag = wanted.find((tag) => language(tag) in LANGUAGES);
  spoken = (tag === undefined ? "en" : language(tag)) as Language;
  regional = tag ?? "en";
  words = (await FILES[spoken]()).default;
  return spoken;
}

export function spokenLanguage(): Language {
  return spoken;
}

function language(tag: string): string {
  return tag.split("-")[0]?.toLowerCase() ?? "";
}
