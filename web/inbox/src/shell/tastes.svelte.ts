import type { Language } from "../words/words.js";

/** What a person likes in this browser; nothing of it is about anybody's conversation. */
export interface Kept {
  sound: boolean;
  /** Shortcuts of a single letter can be in the way of other tools. */
  letters: boolean;
  /** Null: the browser's. */
  language: Language | null;
}

const NAME = "usher.tastes";
const PLAIN: Kept = { sound: true, letters: true, language: null };

export class Tastes {
  readonly #storage: Storage | null;
  #kept = $state.raw<Kept>(PLAIN);

  constructor(storage: Storage | null) {
    this.#storage = storage;
    try {
      this.#kept = { ...PLAIN, ...JSON.parse(storage?.getItem(NAME) ?? "{}") };
    } catch {
      // Somebody else's, or forbidden: what everybody gets.
    }
  }

  get now(): Kept {
    return this.#kept;
  }

  set(change: Partial<Kept>): void {
    this.#kept = { ...this.#kept, ...change };
    try {
      this.#storage?.setItem(NAME, JSON.stringify(this.#kept));
    } catch {
      // A forbidden storage costs the memory, not the choice.
    }
  }
}
