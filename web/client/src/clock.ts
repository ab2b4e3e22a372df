/** The store's clock as seen from here: deadlines are in its time, screens in ours. */
export class ClockOffset {
  readonly #now: () => number;
  #offset = 0;
  #roundTrip = Number.POSITIVE_INFINITY;

  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * One reading: the hub said `serverTime` between local `sentAt` and now. Of one connection the reading with the
   * shortest round trip counts; a new connection (`fresh`) starts over, since a laptop may have slept in between.
   */
  observe(serverTime: number, sentAt: number, fresh: boolean): void {
    const roundTrip = Math.max(0, this.#now() - sentAt);
    if (!fresh && roundTrip >= this.#roundTrip) return;
    this.#roundTrip = roundTrip;
    this.#offset = serverTime - (sentAt + roundTrip / 2);
  }

  /** Milliseconds the hub is ahead of this machine. */
  get offset(): number {
    return this.#offset;
  }

  /** Now, by the hub's clock. */
  now(): number {
    return this.#now() + this.#offset;
  }

  /** Milliseconds left until a hub time, never below 0. */
  left(deadline: number): number {
    return Math.max(0, deadline - this.now());
  }
}
