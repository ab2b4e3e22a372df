import type { Env, Timer } from "./env.js";
import type { Marks } from "./generated.js";

/** Receipts are gathered this long, so that a burst of messages costs one frame. */
const GATHER_MS = 300;

/** How far one conversation was received and read here; told to the hub a moment later, and never back. */
export class SeenSender {
  readonly #env: Env;
  readonly #tell: (marks: Marks) => void;
  #marks!: Marks;
  #told!: Marks;
  #timer: Timer | undefined;

  constructor(env: Env, tell: (marks: Marks) => void) {
    this.#env = env;
    this.#tell = tell;
    this.reset();
  }

  mark(received: number, read: number): void {
    this.#marks = {
      received: Math.max(this.#marks.received, received, read),
      read: Math.max(this.#marks.read, read),
    };
    if (this.#timer !== undefined || !this.#news()) return;
    this.#timer = this.#env.after(GATHER_MS, () => {
      this.#timer = undefined;
      this.#flush();
    });
  }

  /** What the hub knows, as of a fresh connection; the rest is told again. */
  synchronise(known: Marks): void {
    this.#told = { ...known };
    this.mark(known.received, known.read);
  }

  /** Another conversation, or none any more. */
  reset(): void {
    this.#env.cancel(this.#timer);
    this.#timer = undefined;
    this.#marks = this.#told = { received: 0, read: 0 };
  }

  #news(): boolean {
    return this.#marks.received > this.#told.received || this.#marks.read > this.#told.read;
  }

  #flush(): void {
    if (!this.#news()) return;
    this.#told = { ...this.#marks };
    this.#tell(this.#told);
  }
}
