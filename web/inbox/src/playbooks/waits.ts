const TIME = /^(\d+(?:[.,]\d*)?|[.,]\d+)\s*(?:(?:s|sec)\.?|(m|min)\.?)?$/i;

/** Milliseconds as the seconds somebody types: `60`, `7.5`. */
export function secondsOf(ms: number | string): string {
  return typeof ms === "number" ? String(ms / 1_000) : ms;
}

/** Whether it is still what was typed, and no time. */
export function isUnread(ms: number | null | undefined): boolean {
  return typeof ms === "string";
}

/**
 * Typed seconds as milliseconds; `5 s` and `2 min` are understood. Whatever else was typed is kept as it is: no number
 * anybody meant, and none that the hub takes.
 */
export function waitOf(text: string): number {
  const [, number, minutes] = TIME.exec(text.trim()) ?? [];
  if (number === undefined) return text.trim() as unknown as number;
  return Math.round(Number(number.replace(",", ".")) * (minutes === undefined ? 1_000 : 60_000));
}
