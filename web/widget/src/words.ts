import type english from "./words/en.json";

/** Everything the chat says, in one language. A `{}` stands for a name or a number. */
export type Words = Record<keyof typeof english, string>;

/** The build makes one file of the chat for each language, with its words in here. */
declare const USHER_WORDS: Words;

export const words = USHER_WORDS;

/** Puts a name or a number in. */
export function fill(text: string, value: string): string {
  return text.replace("{}", () => value);
}
