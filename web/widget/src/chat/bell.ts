import { chime } from "./chime.js";
import type { Memory } from "./memory.js";

/** Rings for what was said at `at`, in one tab of many. A page by plain http has no locks: there perhaps in more. */
export function ring(memory: Memory, name: string, at: string): void {
  const ringer = async (lock: unknown) => {
    if (!lock || memory.get("rung") === at) return;
    memory.set("rung", at);
    await chime();
  };
  if (navigator.locks) navigator.locks.request(name, { ifAvailable: true }, ringer);
  else ringer(true);
}
