import type { Appearance, Refusal, VisitorClient, VisitorState } from "../../../client/src/index.js";
import type { Memory } from "../chat/memory.js";
import { words } from "../words.js";
import type { Scroll } from "./scroll.js";
import type { Line } from "./timeline.js";

/** How many lines of the log are drawn at first, and how many more at each wish for earlier ones. */
export const PAGE = 60;
/** How many of the lines that were read out stay: a reader that is slow finds them. */
const ANNOUNCED = 5;

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
  /** How many lines of the log are drawn. */
  lines = PAGE;
  /** The visitor reads further up, and something came below. */
  behind = false;
  /** What was read out last: keys and texts. */
  announced: readonly (readonly [string, string])[] = [];

  constructor(redraw: () => void) {
    this.#redraw = redraw;
  }

  /** Changes something and shows it. */
  set(change: Partial<Pick<Ui, "lines" | "behind" | "announced">>): void {
    Object.assign(this, change);
    this.#redraw();
  }

  announce(key: string, text: string): void {
    this.set({ announced: [...this.announced, [key, text] as const].slice(-ANNOUNCED) });
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
  if (code === "rate_limited") return words[4504];
  return code === "invalid" || code === "too_large" ? bad : words.failed;
}
