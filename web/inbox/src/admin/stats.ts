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

/** What the numbers of a plot count. */
export type Unit = "count" | "ms" | "s" | "min";

/** The axis of a plot: from 0 to `top`, in round steps. */
export interface Scale {
  unit: Unit;
  /** In what the values are in. */
  top: number;
  /** From below; `at` goes from 0 to 1. */
  ticks: readonly { at: number; label: string }[];
}

const UNITS = { count: 1, ms: 1, s: 1_000, min: 60_000 } as const;

/** An axis of a few round numbers that has room for these values: how many, or milliseconds. */
export function scale(values: readonly (number | null)[], of: "count" | "ms"): Scale {
  const most = Math.max(0, ...values.map((value) => value ?? 0));
  const unit = of === "count" ? "count" : most < 1_000 ? "ms" : most < 120_000 ? "s" : "min";
  // Half a conversation is none.
  const step = Math.max(round(most / UNITS[unit] / 3), unit === "count" ? 1 : 0) || 1;
  const steps = Math.max(1, Math.ceil(most / UNITS[unit] / step));
  const ticks = Array.from({ length: steps + 1 }, (_, index) => ({
    at: index / steps,
    label: String(Number((index * step).toPrecision(6))),
  }));
  return { unit, top: steps * step * UNITS[unit], ticks };
}

/** The next of 1, 2, 5, 10, 20, 50 … and their tenths; 0 of 0. */
function round(step: number): number {
  if (step <= 0) return 0;
  const power = 10 ** Math.floor(Math.log10(step));
  const factor = [1, 2, 5].find((factor) => factor * power >= step * 0.999) ?? 10;
  return factor * power;
}

/** Which of so many days have their date below them: the last one, and before it every so many. */
export function dated(days: number, labels = 3): number[] {
  const step = Math.max(1, Math.ceil(days / labels));
  return Array.from({ length: days }, (_, index) => index).filter((index) => (days - 1 - index) % step === 0);
}

/** A bar of a plot, in a box of 100 by 40. */
export interface Bar {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Bars for values side by side, `top` being as high as the box; null and 0 have none. */
export function bars(values: readonly (number | null)[], top: number): Bar[] {
  const step = 100 / Math.max(1, values.length);
  return values.map((value, index) => {
    const height = ((value ?? 0) / top) * 40;
    return { x: index * step + step * 0.1, y: 40 - height, width: step * 0.8, height };
  });
}
