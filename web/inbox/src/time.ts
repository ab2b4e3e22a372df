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

/** "Today", "Yesterday", "23 November" or, of another year, "23 November 2025". */
export function dayName(at: number, now: number, reader: Reader = {}): string {
  const day = dayKey(at, reader);
  if (day === dayKey(now, reader)) return "Today";
  if (day === dayKey(now - DAY, reader)) return "Yesterday";
  const year = day.slice(0, 4) === dayKey(now, reader).slice(0, 4) ? {} : ({ year: "numeric" } as const);
  return format(at, reader, { day: "numeric", month: "long", ...year });
}

/** The calendar day of a time, "2026-11-23". */
export function dayKey(at: number, reader: Reader = {}): string {
  return format(at, { ...reader, locale: "en-CA" }, { year: "numeric", month: "2-digit", day: "2-digit" });
}

/** A running count: "0:42", "12:05", "1 h 05 min", "3 days". */
export function waited(ms: number): string {
  const past = Math.max(0, ms);
  if (past < HOUR) {
    const seconds = Math.floor(past / SECOND);
    return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
  }
  if (past < DAY) return `${Math.floor(past / HOUR)} h ${two(Math.floor((past % HOUR) / MINUTE))} min`;
  const days = Math.floor(past / DAY);
  return days === 1 ? "1 day" : `${days} days`;
}

/** How long ago, short and exact enough for a race: "0.3 s", "12 s", "4 min", "2 h". */
export function ago(ms: number): string {
  const past = Math.max(0, ms);
  if (past < 10 * SECOND) return `${(past / SECOND).toFixed(1)} s`;
  if (past < MINUTE) return `${Math.floor(past / SECOND)} s`;
  if (past < HOUR) return `${Math.floor(past / MINUTE)} min`;
  return `${Math.floor(past / HOUR)} h`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

function format(at: number, { locale, zone }: Reader, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(locale, zone === undefined ? options : { ...options, timeZone: zone }).format(at);
}
