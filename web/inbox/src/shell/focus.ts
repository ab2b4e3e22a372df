/**
 * Gives the keyboard a place when what had it is gone: the transcript, or the heading of what stands there instead.
 * Whoever is somewhere else by now stays there.
 */
export function landFocus(root: HTMLElement): void {
  if (document.activeElement !== null && document.activeElement !== document.body) return;
  root.querySelector<HTMLElement>("[data-landing]")?.focus({ preventScroll: true });
}
