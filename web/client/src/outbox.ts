import { Backoff } from "./backoff.js";
import type { OkReply } from "./connection.js";
import type { Env, Timer } from "./env.js";
import type { OutboxEntry, OutboxStore } from "./outbox_store.js";
import type { Refusal } from "./refusal.js";
import { Signal } from "./signal.js";

export interface Committed {
  seq: number;
  at: number;
  duplicate: boolean;
}

export interface OutboxOptions {
  env: Env;
  store: OutboxStore;
  /**
   * Sends one entry. `committed` is called at the reply's place among the frames, even when that is after the returned
   * promise was rejected by the time limit.
   */
  deliver(entry: OutboxEntry, committed: (how: Committed) => void): Promise<unknown>;
  /** The hub took it: it is an event now. */
  onCommitted(entry: OutboxEntry, how: Committed): void;
}

interface Lane {
  busy: boolean;
  retry: Timer | undefined;
  backoff: Backoff;
}

/**
 * Texts on their way, in the order written, one in flight per conversation: what is not yet acknowledged is sent again
 * with the same key, and nothing overtakes it. An entry leaves when it is an event of the log.
 */
export class Outbox {
  readonly entries: Signal<readonly OutboxEntry[]>;
  readonly #options: OutboxOptions;
  readonly #lanes = new Map<string, Lane>();
  #live = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
    const kept = options.store.load().sort((one, other) => one.madeAt - other.madeAt);
    this.entries = new Signal<readonly OutboxEntry[]>(
      kept.map((entry) => (entry.state === "sending" ? { ...entry, state: "pending" } : entry)),
    );
  }

  add(conversation: string, kind: OutboxEntry["kind"], text: string): OutboxEntry {
    const last = this.entries.value.at(-1)?.madeAt ?? 0;
    const madeAt = Math.max(this.#options.env.now(), last + 1);
    const entry: OutboxEntry = { key: this.#options.env.key(), conversation, kind, text, madeAt, state: "pending" };
    this.#options.store.put(entry);
    this.entries.set([...this.entries.value, entry]);
    this.#advance(conversation);
    return entry;
  }

  /** The connection is live: everything unsent goes out. */
  resume(): void {
    this.#live = true;
    for (const lane of this.#lanes.values()) this.#rest(lane);
    for (const conversation of new Set(this.entries.value.map((entry) => entry.conversation))) {
      this.#advance(conversation);
    }
  }

  /** The connection is gone: what was in flight is unsent again. */
  pause(): void {
    this.#live = false;
    for (const lane of this.#lanes.values()) this.#rest(lane);
    this.#lanes.clear();
    for (const entry of this.entries.value) if (entry.state === "sending") this.#update(entry, { state: "pending" });
  }

  /** Tries a failed one again, with its key. */
  retry(key: string): void {
    const entry = this.#find(key);
    if (entry?.state !== "failed") return;
    this.#update(entry, { state: "pending" });
    this.#advance(entry.conversation);
  }

  discard(key: string): void {
    const entry = this.#find(key);
    if (entry === undefined) return;
    this.#remove(key);
    this.#advance(entry.conversation);
  }

  /** Keys seen in events: those entries were taken, whatever became of their replies. */
  settle(keys: Iterable<string>): void {
    for (const key of keys) if (this.#find(key) !== undefined) this.#remove(key);
  }

  #advance(conversation: string): void {
    const next = this.entries.value.find((entry) => entry.conversation === conversation && entry.state !== "failed");
    if (next === undefined && this.#lanes.get(conversation)?.busy === false) this.#lanes.delete(conversation);
    if (!this.#live || next === undefined) return;
    const lane = this.#lane(conversation);
    if (lane.busy || lane.retry !== undefined) return;
    lane.busy = true;
    this.#update(next, { state: "sending" });
    this.#options
      .deliver(next, (how) => this.#committed(next, how))
      .then(
        () => lane.backoff.reset(),
        (refusal: Refusal) => this.#refused(next.key, refusal, lane),
      )
      .then(() => {
        lane.busy = false;
        // After a pause this lane is history, and the new one drives itself.
        if (this.#lanes.get(conversation) === lane) this.#advance(conversation);
      });
  }

  #committed(entry: OutboxEntry, how: Committed): void {
    if (this.#find(entry.key) !== undefined) this.#remove(entry.key);
    this.#options.onCommitted(entry, how);
  }

  #refused(key: string, refusal: Refusal, lane: Lane): void {
    const entry = this.#find(key);
    if (entry === undefined || this.#lanes.get(entry.conversation) !== lane) return;
    if (!refusal.retryable) {
      this.#update(entry, { state: "failed", error: refusal.message, code: refusal.code });
      return;
    }
    this.#update(entry, { state: "pending" });
    const delay = refusal.body.retry_after_ms ?? lane.backoff.next();
    lane.retry = this.#options.env.after(delay, () => {
      lane.retry = undefined;
      this.#advance(entry.conversation);
    });
  }

  #lane(conversation: string): Lane {
    let lane = this.#lanes.get(conversation);
    if (lane === undefined) {
      lane = { busy: false, retry: undefined, backoff: new Backoff(() => this.#options.env.random()) };
      this.#lanes.set(conversation, lane);
    }
    return lane;
  }

  #rest(lane: Lane): void {
    this.#options.env.cancel(lane.retry);
    lane.retry = undefined;
  }

  #find(key: string): OutboxEntry | undefined {
    return this.entries.value.find((entry) => entry.key === key);
  }

  /** An error that is not told again is gone. */
  #update(entry: OutboxEntry, change: Pick<OutboxEntry, "state" | "error" | "code">): void {
    const updated: OutboxEntry = { ...entry, error: undefined, code: undefined, ...change };
    if (change.state !== "sending") this.#options.store.put(updated);
    this.entries.set(this.entries.value.map((known) => (known.key === entry.key ? updated : known)));
  }

  #remove(key: string): void {
    this.#options.store.remove(key);
    this.entries.set(this.entries.value.filter((entry) => entry.key !== key));
  }
}

/** What an `ok` reply to a `send` or `note` says of the event it stands for. */
export function committedBy(reply: OkReply): Committed {
  return { seq: reply.seq as number, at: reply.at as number, duplicate: reply.duplicate === true };
}
