import type { Memory } from "../chat/memory.js";
import type { Scene } from "./scene.js";

/** What the text box is called, and what the box of a question is called before the name of its card. */
export const DRAFT = "draft";
export const HALF = "draft:";

export type Box = HTMLInputElement | HTMLTextAreaElement;

/** A page that is left takes nothing written with it: it is kept by the name of its box. */
export function keep(memory: Memory, { name, value }: Box): void {
  memory.set(name, value || null);
}

export function fill({ memory }: Scene, box: Box): void {
  box.value = memory.get(box.name) ?? "";
}

/** Half an answer to a question that nobody asks any more, since an agent is there, goes on as a text: unsent. */
export function takeOver({ memory, asked }: Scene): void {
  const half = HALF + asked?.card;
  if (memory.get(DRAFT) !== null) return;
  memory.set(DRAFT, memory.get(half));
  memory.set(half, null);
}
