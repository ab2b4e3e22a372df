import type { Edited } from "./edit.js";
import type { Place } from "./touched.js";

/** How many steps back there are. */
const MOST = 100;

/** The parts of the editor. */
export const PARTS = ["cards", "look", "install"] as const;
export type Part = (typeof PARTS)[number];

/** What a playbook was, and where one stood in it. */
export interface Step extends Edited {
  part: Part;
}

/** The way back through the changes of a draft, and forth again. */
export class Steps {
  #before = $state.raw<readonly Step[]>([]);
  #after = $state.raw<readonly Step[]>([]);
  /** The field that is being typed in: more of that is no further step. */
  #typed: string | null = null;

  get undoable(): boolean {
    return this.#before.length > 0;
  }

  get redoable(): boolean {
    return this.#after.length > 0;
  }

  /** To be told before each change: where one stands, and what the change touches. */
  leave(here: Step, places: readonly Place[]): void {
    const [place] = places;
    const typed = places.length === 1 && place?.typed ? `${place.card} ${place.field}` : null;
    if (typed === null || typed !== this.#typed) this.#before = [...this.#before.slice(1 - MOST), here];
    this.#typed = typed;
    this.#after = [];
  }

  /** The field was left: what is typed from here on is another step. */
  settle(): void {
    this.#typed = null;
  }

  /** Where the last change was made. */
  undo(here: Step): Step | undefined {
    this.settle();
    const step = this.#before.at(-1);
    if (step === undefined) return undefined;
    this.#before = this.#before.slice(0, -1);
    this.#after = [...this.#after, here];
    return step;
  }

  /** What the last undo left. */
  redo(here: Step): Step | undefined {
    this.settle();
    const step = this.#after.at(-1);
    if (step === undefined) return undefined;
    this.#after = this.#after.slice(0, -1);
    this.#before = [...this.#before, here];
    return step;
  }

  forget(): void {
    this.settle();
    this.#before = this.#after = [];
  }
}
