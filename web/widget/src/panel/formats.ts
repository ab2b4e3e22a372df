import { words } from "../words.js";

/** The chat's language, in the way of the visitor's country where that speaks it. */
const locale = navigator.languages.find((tag) => tag.startsWith(words.language)) ?? words.language;

export function number(value: number): string {
  return value.toLocaleString(locale);
}

/** `14:05` */
export function time(at: number): string {
  return new Date(at).toLocaleTimeString(locale, { timeStyle: "short" });
}

/** `Friday 5 December` */
export function day(at: number): string {
  return new Date(at).toLocaleDateString(locale, { weekday: "long", day: "numeric", month: "long" });
}

/** Minutes and seconds: `0:42`. */
export function countdown(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  return `${number(Math.floor(seconds / 60))}:${(seconds % 60).toLocaleString(locale, { minimumIntegerDigits: 2 })}`;
}

/** Days are told apart by it. */
export function midnight(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}
