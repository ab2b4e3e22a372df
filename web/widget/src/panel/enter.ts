/** Enter sends what a text box of several lines holds, and Shift with it begins a line. */
export function sendOnEnter(event: KeyboardEvent): void {
  // Enter also ends the composition of a word in many scripts: that one is not meant for us.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  (event.currentTarget as HTMLTextAreaElement).form?.requestSubmit();
}
