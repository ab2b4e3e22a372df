import type english from "./words/en.json";

/** Everything the chat says, in one language. A `{}` stands for a name or a number. */
export type Words = Record<keyof typeof english, string>;

/** Those that are not said by name: why the hub said stop, by its code, and what a capture wants, by its field. */
type LookedUp = "4502" | "4503" | "4504" | "4505" | "name" | "email" | "phone" | "organization" | "text";

/** The build makes one file of the chat for each language, with its words in here and where `words.NAME` stands. */
declare const USHER_WORDS: Words;

const all = USHER_WORDS;
export const words: Omit<Words, LookedUp> = all;
export const wordsFor: Pick<Words, LookedUp> = all;

/** Puts a name or a number in. */
export function fill(text: string, value: string): string {
  return text.replace("{}", () => value);
}
