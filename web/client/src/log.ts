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
    for (const event of events) this.#insert(event);
    this.#noteBeginning();
  }

  /** Events of the stream, in order: they move the cursor. Answers those that were new. */
  push(events: readonly Event[]): Event[] {
    const fresh = events.filter((event) => this.#insert(event));
    for (const event of events) this.#cursor = Math.max(this.#cursor, event.seq);
    this.#noteBeginning();
    return fresh;
  }

  /**
   * One's own event as its reply tells it. A first reply stands at its place in the stream and moves the cursor; a
   * `duplicate` one does not, since events before it may still be on the way.
   */
  place(event: Event, duplicate: boolean): boolean {
    if (!duplicate) return this.push([event]).length > 0;
    return this.#insert(event);
  }

  /** An older page; an empty one says that the beginning is reached. */
  prepend(events: readonly Event[]): void {
    if (events.length === 0) this.#complete = true;
    for (const event of events) this.#insert(event);
    this.#noteBeginning();
  }

  #noteBeginning(): void {
    if (this.#events[0]?.type === "started") this.#complete = true;
  }

  #insert(event: Event): boolean {
    let index = this.#events.length;
    while (index > 0 && (this.#events[index - 1] as Event).seq > event.seq) index -= 1;
    if (index > 0 && this.#events[index - 1]?.seq === event.seq) return false;
    // A new array each time: whoever shows the log sees a change by identity.
    this.#events = [...this.#events.slice(0, index), event, ...this.#events.slice(index)];
    return true;
  }
}
