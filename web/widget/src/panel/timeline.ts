import type { AgentRef, Ask, Event, OutboxEntry, RichBlock } from "../../../client/src/index.js";
import { spoken } from "../chat/spoken.js";
import { fill, words } from "../words.js";
import { midnight } from "./formats.js";

/** One line of the log as it is shown. */
export type Line = Said | Told;

interface Told {
  kind: "told";
  key: string;
  at: number;
  text: string;
  /** Whose picture stands beside it. */
  face?: AgentRef;
}

export interface Said {
  kind: "said";
  key: string;
  at: number;
  mine?: boolean;
  /** An agent's name; the bot goes by the playbook's. */
  name?: string | undefined;
  text: string;
  rich?: RichBlock[] | null;
  /** Missing while it is no event yet. */
  seq?: number;
  /** What became of a text of one's own. */
  fate?: "sending" | "failed" | "sent";
  /** Goes on from the line above: the same person, a moment later. */
  onward?: boolean;
}

/** The card that waits for an answer. */
export interface Question {
  card: string;
  text: string;
  ask: Extract<Ask, { kind: "choice" | "capture" }>;
}

/** Texts that follow each other within this time look like one. */
const BREATH_MS = 120_000;

export function timeline(events: readonly Event[], unsent: readonly OutboxEntry[]): Line[] {
  const lines: Line[] = [];
  for (const event of events) {
    const line = lineOf(event);
    if (line !== null) lines.push(line);
  }
  // Seen first as the reply to a repeated key, a text may be in both for a moment.
  const known = new Set(events.flatMap((event) => (event.type === "message" && event.key ? [event.key] : [])));
  for (const { key, text, state, madeAt } of unsent) {
    if (known.has(key)) continue;
    lines.push({ kind: "said", key, at: madeAt, mine: true, text, fate: state === "failed" ? "failed" : "sending" });
  }
  lines.forEach((line, index) => {
    const before = lines[index - 1];
    if (line.kind === "said" && before?.kind === "said") line.onward = goesOn(before, line);
  });
  return lines;
}

/** Whether the date is to stand above this line. */
export function newDay(line: Line, before: Line | undefined): boolean {
  return midnight(line.at) !== midnight(before?.at ?? Date.now());
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

/** What of an event is shown; null for nothing. */
export function lineOf(event: Event): Line | null {
  const { seq, by, at } = event;
  const here = { key: `e${seq}`, at };
  const said = { ...here, kind: "said", seq } as const;
  const told = { ...here, kind: "told" } as const;
  if (spoken(event)) {
    const { text, rich } = event;
    if (by.kind !== "visitor") return { ...said, name: by.kind === "agent" ? by.name : undefined, text, rich };
    // The key of a text of one's own outlives its way from the outbox into the log: the node stays the same.
    return { ...said, key: ("key" in event && event.key) || here.key, mine: true, text, fate: "sent" };
  }
  switch (event.type) {
    case "answer":
      return { ...said, mine: true, text: event.label || "–" };
    case "assigned":
      return { ...told, text: fill(words.joined, event.to.name), face: event.to };
    case "unassigned":
      return { ...told, text: fill(words.left, event.from.name) };
    case "closed":
      return { ...told, text: words.ended };
    default:
      return null;
  }
}

function goesOn(before: Said, line: Said): boolean {
  const same = before.mine === line.mine && before.name === line.name;
  return same && line.at - before.at < BREATH_MS && midnight(line.at) === midnight(before.at);
}
