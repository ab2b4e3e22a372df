/** Full-jitter exponential backoff: any delay between nothing and a doubling ceiling. */
const BASE_MS = 500;
const CAP_MS = 30_000;

export class Backoff {
  #attempt = 0;
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Milliseconds to wait before the next attempt. */
  next(): number {
    const ceiling = Math.min(CAP_MS, BASE_MS * 2 ** Math.min(this.#attempt, 16));
    this.#attempt += 1;
    return Math.round(this.#random() * ceiling);
  }

  reset(): void {
    this.#attempt = 0;
  }
}
