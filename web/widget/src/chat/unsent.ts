import { type OutboxStore, parseEntry } from "../../../client/src/index.js";
import type { Memory } from "./memory.js";

/** What the names of unsent texts begin with. */
const UNSENT = "out:";

/** Unsent texts, one name each, so that two tabs do not overwrite each other's. */
export function unsentTexts(memory: Memory): OutboxStore {
  return {
    load: () =>
      memory.names().flatMap((name) => {
        const entry = name.startsWith(UNSENT) ? parseEntry(memory.get(name)) : undefined;
        return entry === undefined ? [] : [entry];
      }),
    put: (entry) => memory.set(UNSENT + entry.key, JSON.stringify(entry)),
    remove: (key) => memory.set(UNSENT + key, null),
  };
}
