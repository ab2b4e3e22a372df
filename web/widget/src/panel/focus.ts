import { DRAFT, HALF } from "./draft.js";

/** What the keyboard is for now: the next question, else the text box. A verdict is not: no key is to become one. */
const NEXT = ".choices button, [name^=draft]";

/**
 * Draws, and keeps the keyboard in the window when the answered question, and with it the focused button, is gone: on
 * what is next, else on the window itself, where Escape still closes it. Whose text box went by itself may be in the
 * middle of a word, which is meant for no other box: there it is the window. `asked`: the card that still has no answer.
 */
export function keepingFocus(root: ShadowRoot, place: HTMLElement, asked: string | undefined, draw: () => void): void {
  const before = root.activeElement as HTMLInputElement | null;
  draw();
  if (before === null || before.isConnected || !place.isConnected) return;
  focusNext(place, before.name === DRAFT || before.name === HALF + asked ? "section" : NEXT);
}

export function focusNext(place: HTMLElement, next = NEXT): void {
  (place.querySelector<HTMLElement>(next) ?? place.querySelector("section"))?.focus();
}
