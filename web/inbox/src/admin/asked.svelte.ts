import { untrack } from "svelte";
import { problemWords } from "../rest/problem_words.js";

/** What a page asks the hub for: what came, and what went wrong. */
export class Asked<T> {
  value = $state.raw<T | null>(null);
  busy = $state(false);
  trouble = $state<string | null>(null);

  /** Runs it, one at a time; answers whether it was done. What came before stays until something new is here. */
  async run(ask: () => Promise<T>): Promise<boolean> {
    // Whoever asks in an effect does not ask again because the asking ended.
    if (untrack(() => this.busy)) return false;
    this.busy = true;
    this.trouble = null;
    try {
      this.value = await ask();
      return true;
    } catch (problem) {
      this.trouble = problemWords(problem);
      return false;
    } finally {
      this.busy = false;
    }
  }
}
