/** How times are spread, milliseconds; null where nothing was measured. */
export interface Spread {
  count: number;
  p50: number | null;
  p90: number | null;
  p99: number | null;
  max: number | null;
}

/** Conversations that began on one day (UTC). */
export interface Day {
  day: string;
  conversations: number;
  waits: number;
  assigned: number;
  missed: Record<string, number>;
  wait_ms: Spread;
  late_ms: Spread;
  response_ms: Spread;
}

const DAY_MS = 86_400_000;

/** The last so many days, today included, as `YYYY-MM-DD` in UTC. */
export function range(now: number, days: number): { from: string; to: string } {
  const day = (at: number) => new Date(at).toISOString().slice(0, 10);
  return { from: day(now - (days - 1) * DAY_MS), to: day(now) };
}

export function missedOf(day: Day): number {
  return Object.values(day.missed).reduce((total, number) => total + number, 0);
}

/** "12 ms", "4.2 s", "3:05 min", "–" where nothing was measured. */
export function duration(ms: number | null): string {
  if (ms === null) return "–";
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} min`;
}

/** A bar of a plot, in a box of 100 by 40. */
export interface Bar {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Bars for values side by side, the highest as high as the box; null and 0 have none. */
export function bars(values: readonly (number | null)[]): Bar[] {
  const most = Math.max(1, ...values.map((value) => value ?? 0));
  const step = 100 / Math.max(1, values.length);
  return values.map((value, index) => {
    const height = ((value ?? 0) / most) * 40;
    return { x: index * step + step * 0.1, y: 40 - height, width: step * 0.8, height };
  });
}
