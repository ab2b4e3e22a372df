import type { Ask, Event, OutboxEntry, RichBlock } from "../../../client/src/index.js";
import { words } from "./words.js";

/** One line of the log as it is shown. */
export type Line = Said | { kind: "told"; key: string; text: string };

interface Said {
  kind: "said";
  key: string;
  mine?: boolean;
  /** An agent's name; the bot goes by the playbook's. */
  name?: string | null;
  text: string;
  rich?: RichBlock[] | null;
  /** Missing while it is no event yet. */
  seq?: number;
  /** What became of a text of one's own. */
  fate?: "sending" | "failed" | "sent";
  error?: string | undefined;
  /** It failed for its length, and would again. */
  tooLong?: boolean;
}

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
    const { key, text, error } = entry;
    const tooLong = entry.code === "too_large";
    const fate = entry.state === "failed" ? "failed" : "sending";
    lines.push({ kind: "said", key, mine: true, text, fate, error: tooLong ? words.tooLong : error, tooLong });
  }
  return lines;
}

/** The question at the end of the log, which is open while the playbook runs. */
export function openQuestion(events: readonly Event[]): Question | null {
  const last = events.findLast((event) => event.type === "card" || event.type === "answer");
  if (last?.type !== "card") return null;
  const { ask, card, text } = last;
  return ask.kind === "choice" || ask.kind === "capture" ? { card, text, ask } : null;
}

/** Whether the visitor has given their verdict. */
export function rated(events: readonly Event[]): boolean {
  return events.some((event) => event.type === "rated");
}

function lineOf(event: Event): Line | null {
  const { seq, by } = event;
  const key = `e${seq}`;
  switch (event.type) {
    case "card":
      return { kind: "said", key, text: event.text, rich: event.rich, seq };
    case "message":
      if (by.kind !== "visitor") {
        return {
          kind: "said",
          key,
          name: by.kind === "agent" ? by.name : null,
          text: event.text,
          rich: event.rich,
          seq,
        };
      }
      // The key of a text of one's own outlives its way from the outbox into the log: the node stays the same.
      return { kind: "said", key: event.key ?? key, mine: true, text: event.text, seq, fate: "sent" };
    case "answer":
      return { kind: "said", key, mine: true, text: event.label || words.skipped, seq };
    case "assigned":
      return { kind: "told", key, text: words.joined(event.to.name) };
    case "unassigned":
      return { kind: "told", key, text: words.left(event.from.name) };
    case "closed":
      return { kind: "told", key, text: event.reason === "abandoned" ? words.abandoned : words.ended };
    default:
      return null;
  }
}
