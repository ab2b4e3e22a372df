import type { Event } from "../../../client/src/index.js";

/** How many lines from the other side stand after `read`. */
export function unreadAfter(events: readonly Event[], read: number): number {
  return events.filter((event) => event.seq > read && spoken(event) && event.by.kind !== "visitor").length;
}

export function spoken(event: Event): event is Extract<Event, { type: "message" | "card" }> {
  return event.type === "message" || event.type === "card";
}
