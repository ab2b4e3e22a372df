import { SvelteMap } from "svelte/reactivity";

/** Where in a chat something is written: to the visitor, or to the other agents. */
export type Box = "message" | "note";

const NAME = "usher.half_written";

interface Kept {
  whose: string;
  texts: [string, string][];
}

/** What was typed and not sent, for each chat: it outlives a reload, but not the tab, and is of one agent alone. */
export class HalfWritten {
  readonly #storage: Storage;
  readonly #whose: string;
  readonly #texts: SvelteMap<string, string>;

  constructor(storage: Storage, whose: string) {
    this.#storage = storage;
    this.#whose = whose;
    this.#texts = new SvelteMap(textsOf(storage, whose));
  }

  get(box: Box, conversation: string): string {
    return this.#texts.get(nameOf(box, conversation)) ?? "";
  }

  set(box: Box, conversation: string, text: string): void {
    if (text === "") this.#texts.delete(nameOf(box, conversation));
    else this.#texts.set(nameOf(box, conversation), text);
    this.#keep();
  }

  /** The chat is out of sight, and what was to be said in it goes with it. */
  forget(conversation: string): void {
    for (const box of ["message", "note"] as const) this.#texts.delete(nameOf(box, conversation));
    this.#keep();
  }

  clear(): void {
    this.#texts.clear();
    this.#keep();
  }

  #keep(): void {
    try {
      const kept: Kept = { whose: this.#whose, texts: [...this.#texts] };
      if (kept.texts.length === 0) this.#storage.removeItem(NAME);
      else this.#storage.setItem(NAME, JSON.stringify(kept));
    } catch {
      // A full or forbidden storage costs the reload, not the text.
    }
  }
}

function nameOf(box: Box, conversation: string): string {
  return `${box} ${conversation}`;
}

function textsOf(storage: Storage, whose: string): [string, string][] {
  try {
    const kept = JSON.parse(storage.getItem(NAME) ?? "null") as Kept | null;
    return kept?.whose === whose ? kept.texts : [];
  } catch {
    return [];
  }
}
