import type { Appearance, Refusal, VisitorClient, VisitorState } from "../../../client/src/index.js";
import type { Memory } from "../chat/memory.js";
import { words, wordsFor } from "../words.js";
import type { Scroll } from "./scroll.js";
import type { Line, Question } from "./timeline.js";

/** How many lines of the log are drawn at first, and how many more at each wish for earlier ones. */
export const PAGE = 60;
/** The most that are drawn at once. */
export const MOST = 3 * PAGE;
/** How long a screen reader gets to pass over lines that are not new. */
const HUSH_MS = 500;

/** All that a part of the window draws from. */
export interface Scene {
  client: VisitorClient;
  state: VisitorState;
  /** Whether the hub can be asked for something now. */
  live: boolean;
  shown: boolean;
  /** Whether the window covers the page. */
  alone: boolean;
  look: Appearance;
  /** Whom one talks with. */
  speaker: string;
  memory: Memory;
  ui: Ui;
  scroll: Scroll;
  /** The question that has no answer yet, though the playbook may have ended meanwhile. */
  asked: Question | null;
  /** The whole log, oldest first. */
  lines: readonly Line[];
  /** The visitor wants the window gone. */
  dismiss(): void;
}

/** What the window knows beyond the conversation: what is being asked of the hub, and what is wrong with it. */
export class Ui {
  readonly #redraw: () => void;
  readonly #busy = new Set<string>();
  readonly #complaints = new Map<string, string | undefined>();
  /** How far back from the end the log is drawn, in lines. */
  lines = PAGE;
  /** The visitor reads further up, and something came below. */
  behind = false;
  /** The question beside which a text is being written. */
  beside: string | undefined;
  /** What comes into the log now is not to be read out: it was there before. */
  quiet = false;

  constructor(redraw: () => void) {
    this.#redraw = redraw;
  }

  /** Changes something and shows it. */
  set(change: Partial<Pick<Ui, "lines" | "behind" | "quiet">>): void {
    Object.assign(this, change);
    this.#redraw();
  }

  hush(): void {
    this.quiet = true;
    setTimeout(() => this.set({ quiet: false }), HUSH_MS);
  }

  /** What is wrong with this, in the visitor's words. */
  complaint(name: string): string | undefined {
    return this.#complaints.get(name);
  }

  complain(name: string, complaint: string | undefined): void {
    if (complaint === this.complaint(name)) return;
    this.#complaints.set(name, complaint);
    this.#redraw();
  }

  /** Asks the hub, one at a time of a name: a second press changes nothing. */
  async attempt(name: string, ask: () => Promise<unknown>, bad = words.failed): Promise<void> {
    if (this.#busy.has(name)) return;
    this.#busy.add(name);
    this.complain(name, undefined);
    await ask().catch((refusal: Refusal) => this.complain(name, complaintOf(refusal, bad)));
    this.#busy.delete(name);
  }
}

/** Was it answered or ended elsewhere, the log shows it: there is nothing to complain about. */
function complaintOf({ code }: Refusal, bad: string): string | undefined {
  if (code === "conflict" || code === "closed") return undefined;
  if (code === "rate_limited") return wordsFor[4504];
  return code === "invalid" || code === "too_large" ? bad : words.failed;
}
