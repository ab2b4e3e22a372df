import type { RefusalCode } from "./refusal.js";

/** What a person wrote and the hub has not yet taken. */
export interface OutboxEntry {
  readonly key: string;
  readonly conversation: string;
  readonly kind: "send" | "note";
  readonly text: string;
  /** Local milliseconds; also the order among entries. */
  readonly madeAt: number;
  readonly state: "pending" | "sending" | "failed";
  /** Why it failed, in the hub's words. */
  readonly error?: string;
  /** The same for the program: `too_large` fails however often it is tried. */
  readonly code?: RefusalCode;
}

/** Where unsent entries outlive a reload. One record per entry, so that two tabs do not overwrite each other's. */
export interface OutboxStore {
  load(): OutboxEntry[];
  put(entry: OutboxEntry): void;
  remove(key: string): void;
}

/** The part of the browser's `Storage` that is used. */
export interface StorageLike {
  readonly length: number;
  key(index: number): string | null;
  getItem(name: string): string | null;
  setItem(name: string, value: string): void;
  removeItem(name: string): void;
}

/** Forgets on reload. */
export function memoryStore(): OutboxStore {
  return { load: () => [], put: () => undefined, remove: () => undefined };
}

/** Entries in a browser's storage under `prefix` + key. A full or forbidden storage costs the reload, not the chat. */
export function webStore(storage: StorageLike, prefix: string): OutboxStore {
  return {
    load() {
      const entries: OutboxEntry[] = [];
      for (let index = 0; index < storage.length; index += 1) {
        const name = storage.key(index);
        if (name === null || !name.startsWith(prefix)) continue;
        const entry = parseEntry(storage.getItem(name));
        if (entry !== undefined) entries.push(entry);
      }
      return entries;
    },
    put(entry) {
      try {
        storage.setItem(prefix + entry.key, JSON.stringify(entry));
      } catch {
        // Kept in memory all the same.
      }
    },
    remove(key) {
      storage.removeItem(prefix + key);
    },
  };
}

/** What {@link OutboxStore.put} wrote as JSON, if it is one. */
export function parseEntry(text: string | null): OutboxEntry | undefined {
  try {
    const entry = JSON.parse(text ?? "") as OutboxEntry;
    const whole = [entry.key, entry.conversation, entry.text].every((part) => typeof part === "string");
    return whole ? entry : undefined;
  } catch {
    return undefined;
  }
}
