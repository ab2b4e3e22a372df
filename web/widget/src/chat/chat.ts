import type { Chat, ChatHost } from "../contract.js";
import { openWindow } from "../panel/window.js";
import { pageMemory } from "./memory.js";

/** The chat comes to life: it connects and has its window, which is not yet shown. */
export function begin(host: ChatHost): Chat {
  return openWindow(host, pageMemory(host.prefix));
}
