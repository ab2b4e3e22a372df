import type { Memory } from "./contract.js";

/** The page's own storage under a prefix. Where it is forbidden or full, nothing is remembered and nothing breaks. */
export function pageMemory(prefix: string, which: "localStorage" | "sessionStorage"): Memory {
  return {
    get: (name) => careful((storage) => storage.getItem(prefix + name)) ?? null,
    set: (name, value) =>
      careful((storage) => {
        // Other tabs are told of every write: the same again is none.
        if (storage.getItem(prefix + name) === value) return;
        if (value === null) storage.removeItem(prefix + name);
        else storage.setItem(prefix + name, value);
      }),
    names: () =>
      careful((storage) =>
        Object.keys(storage).flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : [])),
      ) ?? [],
  };

  /** Private mode, a full disk, a policy: the chat goes on without. */
  function careful<T>(use: (storage: Storage) => T): T | undefined {
    try {
      return use(window[which]);
    } catch {
      return undefined;
    }
  }
}

export function forgetAll(memory: Memory): void {
  for (const name of memory.names()) memory.set(name, null);
}
