import { createSubscriber } from "svelte/reactivity";

/** A clock that components may read: who shows a time that counts is redrawn every second, and nobody else. */
export class Ticking {
  readonly #now: () => number;
  readonly #follow: () => void;

  constructor(now: () => number) {
    this.#now = now;
    this.#follow = createSubscriber((tick) => {
      const timer = setInterval(tick, 1_000);
      return () => clearInterval(timer);
    });
  }

  /** Milliseconds since the epoch, by the hub's clock. */
  get now(): number {
    this.#follow();
    return this.#now();
  }
}
