import type { Memory } from "./contract.js";

/** The page's own storage under a prefix. Where it is forbidden or full, nothing is remembered and nothing breaks. */
export function pageMemory(prefix: string, which: "localStorage" | "sessionStorage"): Memory {
  return {
    get(name) {
      try {
        return window[which].getItem(prefix + name);
      } catch {
        return null;
      }
    },
    set(name, value) {
      try {
        // Other tabs are told of every write: the same again is none.
        if (window[which].getItem(prefix + name) === value) return;
        if (value === null) window[which].removeItem(prefix + name);
        else window[which].setItem(prefix + name, value);
      } catch {
        // Private mode, a full disk, a policy: the chat goes on without.
      }
    },
  };
}

/** Forgets everything under the prefix. */
export function forgetAll(prefix: string): void {
  for (const which of ["localStorage", "sessionStorage"] as const) {
    try {
      const storage = window[which];
      for (const name of Object.keys(storage)) if (name.startsWith(prefix)) storage.removeItem(name);
    } catch {
      // There was nothing to forget.
    }
  }
}
