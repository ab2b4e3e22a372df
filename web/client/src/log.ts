import type { Event } from "./generated.js";

/**
 * The events of one conversation, by `seq`, each once. `cursor` is the position up to which every visible event is
 * here; events may stand beyond it (one's own, found again by a `duplicate` reply) until the stream has caught up.
 */
export class ConversationLog {
  readonly id: string;
  #epoch: string;
  #events: Event[] = [];
  #cursor = 0;
  #complete = false;

  constructor(id: string, epoch: string) {
    this.id = id;
    this.#epoch = epoch;
  }

  get events(): readonly Event[] {
    return this.#events;
  }

  get epoch(): string {
    return this.#epoch;
  }

  get cursor(): number {
    return this.#cursor;
  }

  /** Whether the beginning of the conversation is here. */
  get complete(): boolean {
    return this.#complete;
  }

  /** The smallest `seq` here, for `history`; undefined while empty. */
  get first(): number | undefined {
    return this.#events[0]?.seq;
  }

  /** The newest page in place of everything: the first answer, or `recovered: false`. `head` is the log's own end. */
  reset(epoch: string, events: readonly Event[], head: number): void {
    this.#epoch = epoch;
    this.#events = [];
    this.#cursor = events.at(-1)?.seq ?? head;
    this.#complete = false;
    this.#insert(events);
  }

  /** Events of the stream, in order: they move the cursor. Answers those that were new. */
  push(events: readonly Event[]): Event[] {
    this.#cursor = Math.max(this.#cursor, events.at(-1)?.seq ?? 0);
    return this.#insert(events);
  }

  /**
   * One's own event as its reply tells it. A first reply stands at its place in the stream and moves the cursor; a
   * `duplicate` one does not, since events before it may still be on the way.
   */
  place(event: Event, duplicate: boolean): boolean {
    return (duplicate ? this.#insert([event]) : this.push([event])).length > 0;
  }

  /** An older page; an empty one says that the beginning is reached. */
  prepend(events: readonly Event[]): void {
    if (events.length === 0) this.#complete = true;
    this.#insert(events);
  }

  /** Puts them in their places; answers those that were not here. */
  #insert(events: readonly Event[]): Event[] {
    const known = new Set(this.#events.map(({ seq }) => seq));
    const fresh = events.filter(({ seq }) => !known.has(seq));
    // A new array each time: whoever shows the log sees a change by identity.
    if (fresh.length > 0) this.#events = [...this.#events, ...fresh].sort((one, other) => one.seq - other.seq);
    if (this.#events[0]?.type === "started") this.#complete = true;
    return fresh;
  }
}
