import { SvelteMap } from "svelte/reactivity";
import { problemWords } from "../rest/problem_words.js";
import { type Fault, Problem, type Rest } from "../rest/rest.js";
import { type Edited, insert, remove, removeOption, rename } from "./edit.js";
import type { Card, CardKind, Playbook, Stored } from "./playbook.js";
import { type Part, type Step, Steps } from "./steps.svelte.js";
import { standing, touched } from "./touched.js";

/** A card's name as it stands in its box, while the card is not called so. */
interface Naming {
  card: string;
  text: string;
  /** Why it cannot be called so; null: it was not tried yet. */
  bad: "empty" | "taken" | null;
}

/** A playbook under the pencil. */
export class Draft {
  now = $state.raw() as Playbook;
  /** The card whose form is open. */
  card = $state("");
  part = $state<Part>("cards");
  naming = $state.raw<Naming | null>(null);
  busy = $state(false);
  /** Saved since the last change. */
  saved = $state(false);
  trouble = $state<string | null>(null);
  /** What the hub refused and nobody has touched since. */
  faults = $state.raw<readonly Fault[]>([]);
  /** Somebody else saved meanwhile: theirs. */
  theirs = $state.raw<Stored | null>(null);
  #base = $state.raw() as Stored;
  readonly #steps = new Steps();
  readonly #rest: Rest;

  constructor(stored: Stored, rest: Rest) {
    this.#rest = rest;
    this.#adopt(stored);
    this.card = stored.start;
  }

  get stored(): Stored {
    return this.#base;
  }

  get dirty(): boolean {
    return this.naming !== null || JSON.stringify(this.now) !== JSON.stringify(savedPart(this.#base));
  }

  change(change: Partial<Playbook>): void {
    this.#step({ ...this.now, ...change });
  }

  setCard(id: string, card: Card): void {
    this.change({ cards: { ...this.now.cards, [id]: card } });
  }

  insert(from: { card: string; field: string } | null, kind: CardKind): void {
    this.#edited(insert(this.now, from, kind));
  }

  remove(id: string): void {
    this.#edited(remove(this.now, id));
  }

  removeOption(id: string, index: number): void {
    this.#edited(removeOption(this.now, id, index));
  }

  /** The field was left: what is typed from here on is another change. */
  settle(): void {
    this.#steps.settle();
  }

  get undoable(): boolean {
    return this.naming !== null || this.#steps.undoable;
  }

  get redoable(): boolean {
    return this.#steps.redoable;
  }

  /** Takes back the last change and no other, and goes to where it was made. */
  undo(): void {
    if (this.naming !== null) this.naming = null;
    else this.#travel(this.#steps.undo(this.#here));
  }

  redo(): void {
    this.#travel(this.#steps.redo(this.#here));
  }

  /** A name is typed; the card is called so when the box is left, or before it is saved. */
  typeName(card: string, text: string): void {
    this.naming = text === card ? null : { card, text, bad: null };
    this.saved = false;
  }

  /** Calls the card what stands in its box. Answers whether none is left whose name cannot be had. */
  takeName(): boolean {
    if (this.naming === null) return true;
    const { card: from, text } = this.naming;
    const to = text.trim();
    const renamed = rename(this.now, from, to);
    if (renamed === null) {
      this.naming = { card: from, text, bad: to === "" ? "empty" : "taken" };
      return false;
    }
    this.naming = null;
    // Nothing but its name was touched: what was wrong within it still is.
    const faults = this.faults.filter((fault) => fault.card !== from || fault.field !== null);
    this.settle();
    this.#step(renamed);
    if (this.card === from) this.card = to;
    this.faults = faults.map((fault) => (fault.card === from ? { ...fault, card: to } : fault));
    return true;
  }

  /** Saves a new version; `over` the one that somebody else saved. */
  async save(over = false): Promise<void> {
    if (this.busy) return;
    if (!this.takeName()) {
      this.#goTo(this.naming?.card ?? this.card);
      return;
    }
    if (!over && !this.dirty) return;
    this.settle();
    this.busy = true;
    this.trouble = null;
    this.faults = [];
    const sent = this.now;
    const version = over && this.theirs !== null ? this.theirs.version : this.#base.version;
    try {
      const stored = await this.#rest.send<Stored>("PUT", this.#path, sent, version);
      const changed = this.now !== sent ? this.now : null;
      if (stored !== null) this.#adopt(stored);
      if (changed !== null) this.now = changed;
      this.theirs = null;
      this.saved = changed === null;
    } catch (problem) {
      await this.#refused(problem, sent);
    }
    this.busy = false;
  }

  /** Gives up one's own changes for what the hub has. */
  async reload(): Promise<void> {
    try {
      this.#adopt(await this.#rest.get<Stored>(this.#path));
      this.theirs = this.trouble = this.naming = null;
      this.faults = [];
      this.#steps.forget();
      if (!(this.card in this.now.cards)) this.card = this.now.start;
    } catch (problem) {
      this.trouble = problemWords(problem);
    }
  }

  /** Looks again whether it was seen on a page, and so on; leaves what is being edited alone. */
  async refresh(): Promise<void> {
    const stored = await this.#rest.get<Stored>(this.#path).catch(() => null);
    if (stored !== null && stored.version === this.#base.version) this.#base = stored;
  }

  get #path(): string {
    return `/v1/playbooks/${encodeURIComponent(this.#base.id)}`;
  }

  #edited({ playbook, card }: Edited): void {
    this.settle();
    this.#step(playbook);
    this.card = card;
  }

  #step(playbook: Playbook): void {
    const places = touched(this.now, playbook);
    if (places.length === 0) return;
    this.#steps.leave(this.#here, places);
    this.#put(playbook);
  }

  get #here(): Step {
    return { playbook: this.now, card: this.card, part: this.part };
  }

  #travel(step: Step | undefined): void {
    if (step === undefined) return;
    this.#put(step.playbook);
    this.#goTo(step.card);
    this.part = step.part;
  }

  #put(playbook: Playbook): void {
    this.faults = standing(this.faults, touched(this.now, playbook));
    this.now = playbook;
    this.saved = false;
    if (this.naming !== null && !(this.naming.card in playbook.cards)) this.naming = null;
  }

  #goTo(card: string): void {
    this.card = card in this.now.cards ? card : this.now.start;
    this.part = "cards";
  }

  #adopt(stored: Stored): void {
    this.#base = stored;
    this.now = savedPart(stored);
  }

  async #refused(problem: unknown, sent: Playbook): Promise<void> {
    if (problem instanceof Problem && problem.status === 412) {
      try {
        this.theirs = await this.#rest.get<Stored>(this.#path);
      } catch (gone) {
        this.trouble = problemWords(gone);
      }
      return;
    }
    if (problem instanceof Problem && problem.faults.length > 0) {
      // Some of them may have been mended while the answer was on its way.
      this.faults = standing(problem.faults, touched(sent, this.now));
      const first = problem.faults.find(({ card }) => card !== null && card in this.now.cards);
      if (first?.card && !problem.faults.some(({ card }) => card === this.card)) this.card = first.card;
      return;
    }
    this.trouble = problemWords(problem);
  }
}

/** The playbooks being edited in this tab, by id; they outlive a look at the inbox. */
export class Drafts {
  readonly #drafts = new SvelteMap<string, Draft>();

  get(id: string): Draft | undefined {
    return this.#drafts.get(id);
  }

  open(stored: Stored, rest: Rest): Draft {
    const known = this.#drafts.get(stored.id);
    if (known?.dirty) return known;
    const draft = new Draft(stored, rest);
    this.#drafts.set(stored.id, draft);
    return draft;
  }

  forget(id: string): void {
    this.#drafts.delete(id);
  }

  get unsaved(): boolean {
    return [...this.#drafts.values()].some((draft) => draft.dirty);
  }
}

/** What a PUT sends back. */
function savedPart(stored: Stored): Playbook {
  const { version, installed_at, last_seen_at, live_chat, ...playbook } = stored;
  return playbook;
}
