import { Backoff } from "./backoff.js";
import type { Env, Timer } from "./env.js";
import type { Refusal } from "./refusal.js";

/** When to ask again for what was refused for the moment: when the hub said, else after a while that grows. */
export class Patience {
  readonly #env: Env;
  readonly #backoff: Backoff;
  #timer: Timer | undefined;

  constructor(env: Env) {
    this.#env = env;
    this.#backoff = new Backoff(() => env.random());
  }

  get waiting(): boolean {
    return this.#timer !== undefined;
  }

  /** Runs `again` when it is time. */
  wait({ body }: Refusal, again: () => void): void {
    this.#timer = this.#env.after(body.retry_after_ms ?? this.#backoff.next(), () => {
      this.#timer = undefined;
      again();
    });
  }

  /** No more tries of its own. */
  rest(): void {
    this.#env.cancel(this.#timer);
    this.#timer = undefined;
  }

  /** It was taken: the next while is short again. */
  rewarded(): void {
    this.#backoff.reset();
  }
}
