import type { Ask, Author, Event, OutboxEntry, RichBlock } from "../../../client/src/index.js";
import { words } from "./words.js";

/** One line of the log as it is shown. */
export type Line =
  | {
      kind: "said";
      key: string;
      mine: boolean;
      /** An agent's name; the bot goes by the playbook's. */
      name: string | null;
      text: string;
      rich: RichBlock[] | null;
      at: number;
      /** Null while it is not an event yet. */
      seq: number | null;
      /** What became of a text of one's own; null for everything else. */
      fate: "sending" | "failed" | "sent" | null;
      error: string | null;
    }
  | { kind: "told"; key: string; text: string };

/** The card that waits for an answer. */
export interface Question {
  card: string;
  text: string;
  ask: Extract<Ask, { kind: "choice" | "capture" }>;
}

export function timeline(events: readonly Event[], unsent: readonly OutboxEntry[]): Line[] {
  const lines: Line[] = [];
  for (const event of events) {
    const line = lineOf(event);
    if (line !== null) lines.push(line);
  }
  // Seen first as the reply to a repeated key, a text may be in both for a moment.
  const known = new Set(events.flatMap((event) => (event.type === "message" && event.key ? [event.key] : [])));
  for (const entry of unsent) {
    if (known.has(entry.key)) continue;
    const fate = entry.state === "failed" ? "failed" : "sending";
    const error = entry.error ?? null;
    const at = entry.madeAt;
    lines.push({
      kind: "said",
      key: entry.key,
      mine: true,
      name: null,
      text: entry.text,
      rich: null,
      at,
      seq: null,
      fate,
      error,
    });
  }
  return lines;
}

/** The question that is open at the end of the log, by the same rules as the hub's. */
export function openQuestion(events: readonly Event[]): Question | null {
  let open: Question | null = null;
  for (const event of events) {
    switch (event.type) {
      case "card": {
        const { ask, card, text } = event;
        open = ask.kind === "choice" || ask.kind === "capture" ? { card, text, ask } : null;
        break;
      }
      case "answer":
      case "waiting":
      case "missed":
      case "assigned":
      case "closed":
        open = null;
        break;
      default:
    }
  }
  return open;
}

/** Whether the visitor has given their verdict. */
export function rated(events: readonly Event[]): boolean {
  return events.some((event) => event.type === "rated");
}

/** How many lines from the other side stand after `read`. */
export function unreadAfter(events: readonly Event[], read: number): number {
  return events.filter((event) => event.seq > read && spoken(event) && event.by.kind !== "visitor").length;
}

export function spoken(event: Event): event is Extract<Event, { type: "message" | "card" }> {
  return event.type === "message" || event.type === "card";
}

function lineOf(event: Event): Line | null {
  const { seq, at } = event;
  const key = `e${seq}`;
  switch (event.type) {
    case "card":
      return said(event, event.text, event.rich);
    case "message":
      return said(event, event.text, event.rich ?? null);
    case "answer":
      return { ...said(event, event.label || words.skipped, null), fate: null };
    case "assigned":
      return { kind: "told", key, text: words.joined(event.to.name) };
    case "unassigned":
      return { kind: "told", key, text: words.left(event.from.name) };
    case "closed":
      return { kind: "told", key, text: event.reason === "abandoned" ? words.abandoned : words.ended };
    default:
      return null;
  }

  function said(by: { by: Author }, text: string, rich: RichBlock[] | null): Extract<Line, { kind: "said" }> {
    const mine = by.by.kind === "visitor";
    const name = by.by.kind === "agent" ? by.by.name : null;
    // The key of a text of one's own outlives its way from the outbox into the log: the node stays the same.
    const stable = event.type === "message" && mine && event.key ? event.key : key;
    return { kind: "said", key: stable, mine, name, text, rich, at, seq, fate: mine ? "sent" : null, error: null };
  }
}
