/**
 * Draws, and keeps the keyboard in the panel when the answered question, and with it the focused button, is gone: on
 * the next question, else on the panel itself, where Escape still closes it.
 */
export function keepingFocus(root: ShadowRoot, place: HTMLElement, draw: () => void): void {
  const before = root.activeElement;
  draw();
  if (before === null || before.isConnected || !place.isConnected) return;
  const next = place.querySelector<HTMLElement>(".question :is(input, textarea, button)");
  (next ?? place.querySelector("section"))?.focus();
}
