/** Milliseconds as the seconds somebody types: `60`, `7.5`. */
export function secondsOf(ms: number): string {
  return String(ms / 1_000);
}

/** Typed seconds as milliseconds; what is no number becomes 0, which the hub refuses in words. */
export function waitOf(text: string): number {
  const seconds = Number(text.trim().replace(",", "."));
  return Number.isFinite(seconds) && seconds > 0 ? Math.round(seconds * 1_000) : 0;
}
