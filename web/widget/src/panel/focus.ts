/** What the keyboard is for now: the next question, else the text box or the verdict. */
const NEXT = ".foot :is(input, textarea, button)";

/**
 * Draws, and keeps the keyboard in the window when the answered question, and with it the focused button, is gone: on
 * what is next, else on the window itself, where Escape still closes it.
 */
export function keepingFocus(root: ShadowRoot, place: HTMLElement, draw: () => void): void {
  const before = root.activeElement;
  draw();
  if (before !== null && !before.isConnected && place.isConnected) focusNext(place);
}

export function focusNext(place: HTMLElement): void {
  (place.querySelector<HTMLElement>(NEXT) ?? place.querySelector("section"))?.focus();
}
