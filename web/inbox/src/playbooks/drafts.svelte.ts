import { SvelteMap } from "svelte/reactivity";
import { problemWords } from "../rest/problem_words.js";
import { type Fault, Problem, type Rest } from "../rest/rest.js";
import { type Edited, insert, remove, rename } from "./edit.js";
import type { Card, CardKind, Playbook, Stored } from "./playbook.js";

/** How many steps back there are, less one. */
const UNDOS = 49;

/** A playbook under the pencil. */
export class Draft {
  now = $state.raw() as Playbook;
  /** The card whose form is open. */
  card = $state("");
  busy = $state(false);
  /** Saved since the last change. */
  saved = $state(false);
  trouble = $state<string | null>(null);
  faults = $state.raw<readonly Fault[]>([]);
  /** Somebody else saved meanwhile: theirs. */
  theirs = $state.raw<Stored | null>(null);
  /** What it was before each card came or went. */
  #before = $state.raw<readonly Edited[]>([]);
  #base = $state.raw() as Stored;
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
    return JSON.stringify(this.now) !== JSON.stringify(savedPart(this.#base));
  }

  change(change: Partial<Playbook>): void {
    this.now = { ...this.now, ...change };
    this.saved = false;
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

  get undoable(): boolean {
    return this.#before.length > 0;
  }

  /** Takes back the last card that came or went, and with it what was changed since. */
  undo(): void {
    const last = this.#before.at(-1);
    if (last === undefined) return;
    this.#before = this.#before.slice(0, -1);
    this.change(last.playbook);
    this.card = last.card;
  }

  /** Answers whether the name was free. */
  rename(from: string, to: string): boolean {
    const renamed = rename(this.now, from, to);
    if (renamed === null) return false;
    this.change(renamed);
    if (this.card === from) this.card = to;
    return true;
  }

  /** What the hub had against a card, or, without one, against the playbook; `field` narrows it. */
  faultsOf(card: string | null, field?: string): string[] {
    return this.faults
      .filter((fault) => fault.card === card && (field === undefined || fault.field === field))
      .map(({ message }) => message);
  }

  /** Saves a new version; `over` the one that somebody else saved. */
  async save(over = false): Promise<void> {
    if (this.busy) return;
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
      await this.#refused(problem);
    }
    this.busy = false;
  }

  /** Gives up one's own changes for what the hub has. */
  async reload(): Promise<void> {
    try {
      this.#adopt(await this.#rest.get<Stored>(this.#path));
      this.theirs = this.trouble = null;
      this.faults = [];
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
    this.#before = [...this.#before.slice(-UNDOS), { playbook: this.now, card: this.card }];
    this.change(playbook);
    this.card = card;
  }

  #adopt(stored: Stored): void {
    this.#base = stored;
    this.now = savedPart(stored);
    this.#before = [];
  }

  async #refused(problem: unknown): Promise<void> {
    if (problem instanceof Problem && problem.status === 412) {
      try {
        this.theirs = await this.#rest.get<Stored>(this.#path);
      } catch (gone) {
        this.trouble = problemWords(gone);
      }
      return;
    }
    if (problem instanceof Problem && problem.faults.length > 0) {
      this.faults = problem.faults;
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
