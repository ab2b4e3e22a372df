import { count, region, t } from "./words/words.js";

/** Times as people read them. `locale` and `zone` are the reader's own unless a test says otherwise. */
export interface Reader {
  locale?: string;
  zone?: string;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "14:02" */
export function clockTime(at: number, reader: Reader = {}): string {
  return format(at, reader, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

/** "14:02" of today, else "23 Nov" or, of another year, "23 Nov 2025". */
export function shortTime(at: number, now: number, reader: Reader = {}): string {
  if (dayKey(at, reader) === dayKey(now, reader)) return clockTime(at, reader);
  return format(at, reader, { day: "numeric", month: "short", ...yearOf(at, now, reader) });
}

/** "14:02" of today, else "23 Nov, 14:02" or, of another year, "23 Nov 2025, 14:02". */
export function momentTime(at: number, now: number, reader: Reader = {}): string {
  if (dayKey(at, reader) === dayKey(now, reader)) return clockTime(at, reader);
  const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
  return format(at, reader, { day: "numeric", month: "short", ...yearOf(at, now, reader), ...clock });
}

/** "23 Nov" of a day like "2026-11-23". */
export function shortDay(day: string, reader: Reader = {}): string {
  return format(Date.parse(day), { ...reader, zone: "UTC" }, { day: "numeric", month: "short" });
}

/** "23 Nov 2026, 14:02" */
export function fullTime(at: number, reader: Reader = {}): string {
  return format(at, reader, { dateStyle: "medium", timeStyle: "short" });
}

/** "Today", "Yesterday", "23 November" or, of another year, "23 November 2025". */
export function dayName(at: number, now: number, reader: Reader = {}): string {
  const day = dayKey(at, reader);
  if (day === dayKey(now, reader)) return t("time.today");
  if (day === dayKey(now - DAY, reader)) return t("time.yesterday");
  return format(at, reader, { day: "numeric", month: "long", ...yearOf(at, now, reader) });
}

/** The calendar day of a time, "2026-11-23". */
export function dayKey(at: number, reader: Reader = {}): string {
  if (reader.zone !== undefined) {
    return format(at, { ...reader, locale: "en-CA" }, { year: "numeric", month: "2-digit", day: "2-digit" });
  }
  // Asked for every line of a long chat: without a formatter it costs a tenth.
  const day = new Date(at);
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}

/** A running count: "0:42", "12:05", "1 h 05 min", "3 days". */
export function waited(ms: number): string {
  const past = Math.max(0, ms);
  if (past < HOUR) {
    const seconds = Math.floor(past / SECOND);
    return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
  }
  if (past < DAY) {
    return t("time.hours_minutes", {
      hours: Math.floor(past / HOUR),
      minutes: two(Math.floor((past % HOUR) / MINUTE)),
    });
  }
  return count("time.days", Math.floor(past / DAY));
}

/** How long ago, short and exact enough for a race: "0.3 s", "12 s", "4 min", "2 h". */
export function ago(ms: number): string {
  const past = Math.max(0, ms);
  if (past < 10 * SECOND) return `${(past / SECOND).toFixed(1)} s`;
  if (past < MINUTE) return `${Math.floor(past / SECOND)} s`;
  if (past < HOUR) return `${Math.floor(past / MINUTE)} min`;
  return t("time.hours", { hours: Math.floor(past / HOUR) });
}

function yearOf(at: number, now: number, reader: Reader): Intl.DateTimeFormatOptions {
  return dayKey(at, reader).slice(0, 4) === dayKey(now, reader).slice(0, 4) ? {} : { year: "numeric" };
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** Making a formatter costs more than a hundred uses of it. There are as many as shapes of times here. */
const formatters = new Map<string, Intl.DateTimeFormat>();

function format(at: number, { locale, zone }: Reader, options: Intl.DateTimeFormatOptions): string {
  const tag = locale ?? region();
  const key = JSON.stringify([tag, zone, options]);
  let formatter = formatters.get(key);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat(tag, zone === undefined ? options : { ...options, timeZone: zone });
    formatters.set(key, formatter);
  }
  return formatter.format(at);
}
