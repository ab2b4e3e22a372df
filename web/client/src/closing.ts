/** Below 4000 only these say stop. */
const FINAL = [1003, 1007, 1008, 1009];

/** Whether a close code asks the client to stop, and to tell the person (protocol section 1, Closing). */
export function isFinal(code: number): boolean {
  return FINAL.includes(code) || (code >= 4500 && code < 5000);
}
