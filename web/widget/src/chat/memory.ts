/** Small texts kept in the page's own storage; null forgets one. Never throws. */
export interface Memory {
  get(name: string): string | null;
  set(name: string, value: string | null): void;
  /** Of everything in it. */
  names(): string[];
}

/** The page's `localStorage` under a prefix. Where it is forbidden or full, nothing is remembered and nothing breaks. */
export function pageMemory(prefix: string): Memory {
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
}

/** Private mode, a full disk, a policy: the chat goes on without. */
function careful<T>(use: (storage: Storage) => T): T | undefined {
  try {
    return use(window.localStorage);
  } catch {
    return undefined;
  }
}
