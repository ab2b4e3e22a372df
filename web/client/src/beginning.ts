import { Backoff } from "./backoff.js";
import type { OkReply } from "./connection.js";
import type { Env, Timer } from "./env.js";
import type { Refusal } from "./refusal.js";

export interface BeginningOptions {
  env: Env;
  /** Whether a `start` could be sent now. */
  live(): boolean;
  /** Whether a conversation is open already: then there is nothing to begin. */
  open(): boolean;
  start(apply: (reply: OkReply) => void): Promise<unknown>;
  onStarted(reply: OkReply): void;
  changed(): void;
}

/** The wish for a conversation, kept until one is open: across reconnects, and while the hub says "later". */
export class Beginning {
  readonly #options: BeginningOptions;
  readonly #backoff: Backoff;
  #wanted = false;
  #asking = false;
  #retry: Timer | undefined;
  #trouble: string | null = null;

  constructor(options: BeginningOptions) {
    this.#options = options;
    this.#backoff = new Backoff(() => options.env.random());
  }

  /** Why it did not begin, in the hub's words. */
  get trouble(): string | null {
    return this.#trouble;
  }

  want(): void {
    this.#wanted = true;
    this.#trouble = null;
    this.proceed();
    this.#options.changed();
  }

  /** Asks, when it is wanted and may be. */
  proceed(): void {
    if (!this.#wanted || this.#asking || !this.#options.live()) return;
    if (this.#options.open()) {
      this.#wanted = false;
      return;
    }
    this.#asking = true;
    this.rest();
    this.#options
      .start((reply) => this.#started(reply))
      .catch((refusal: Refusal) => this.#refused(refusal))
      .finally(() => {
        this.#asking = false;
        // The connection may have come back while the old request was still ending.
        if (this.#retry === undefined) this.proceed();
      });
  }

  /** No more tries of its own. */
  rest(): void {
    this.#options.env.cancel(this.#retry);
    this.#retry = undefined;
  }

  #started(reply: OkReply): void {
    this.#wanted = false;
    this.#trouble = null;
    this.#backoff.reset();
    this.#options.onStarted(reply);
  }

  #refused(refusal: Refusal): void {
    if (refusal.code === "disconnected") return;
    this.#trouble = refusal.message;
    if (refusal.retryable) {
      const delay = refusal.body.retry_after_ms ?? this.#backoff.next();
      this.#retry = this.#options.env.after(delay, () => {
        this.#retry = undefined;
        this.proceed();
      });
    } else {
      this.#wanted = false;
    }
    this.#options.changed();
  }
}
