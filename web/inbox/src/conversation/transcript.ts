import type { Conversation, DetailsPatch, Event, OutboxEntry, RichBlock } from "../../../client/src/index.js";
import { visitorName } from "../list/row_marks.js";
import { dayKey, dayName, type Reader } from "../time.js";
import { t } from "../words/words.js";
import { sentence } from "./wording.js";

export type Delivery = "sending" | "failed" | "sent" | "received" | "seen";

export interface Speech {
  kind: "message" | "note";
  key: string;
  author: "visitor" | "agent" | "bot";
  name: string;
  text: string;
  rich: RichBlock[] | null;
  /** The choices a card offered. */
  options: string[];
  /** By the hub's clock; null until it has one. */
  at: number | null;
  /** Of agents' messages to the visitor; null for all else but what is not sent yet. */
  delivery: Delivery | null;
  error: string | null;
  /** It failed for its length, and would again. */
  tooLong: boolean;
  /** The same person spoke last, a moment ago. */
  goesOn: boolean;
  /** Its place in the log; null until it has one. */
  seq: number | null;
}

export type Line =
  | { kind: "day"; key: string; text: string; seq: number }
  | { kind: "system"; key: string; text: string; at: number; seq: number }
  | Speech;

export interface Scene {
  conversation: Conversation;
  events: readonly Event[];
  unsent: readonly OutboxEntry[];
  me: { id: string; name: string };
  now: number;
  reader?: Reader;
}

/** A conversation as lines on a screen: days, speeches and sentences, and last what is still on its way. */
export function transcript(scene: Scene): Line[] {
  const lines: Line[] = [];
  const items = new Set<string>();
  let day = "";
  for (const event of joined(scene.events)) {
    const line = lineOf(event, scene, items);
    if (line === null) continue;
    const its = dayKey(event.at, scene.reader);
    if (its !== day) {
      const text = dayName(event.at, scene.now, scene.reader);
      lines.push({ kind: "day", key: `day-${its}`, text, seq: event.seq });
    }
    day = its;
    lines.push(goingOn(line, lines.at(-1)));
  }
  for (const entry of scene.unsent) lines.push(goingOn(unsentLine(entry, scene.me.name), lines.at(-1)));
  return lines;
}

/** Within this long a speaker goes on and does not begin anew. */
const MOMENT_MS = 120_000;

function goingOn(line: Line, before: Line | undefined): Line {
  if (line.kind === "day" || line.kind === "system") return line;
  if (before === undefined || before.kind !== line.kind || before.author !== line.author) return line;
  const soon = line.at === null || before.at === null || line.at - before.at < MOMENT_MS;
  return before.name === line.name && soon ? { ...line, goesOn: true } : line;
}

/** Several fields filled in one after the other by the same hand read as one sentence. */
function joined(events: readonly Event[]): Event[] {
  const result: Event[] = [];
  for (const event of events) {
    const before = result.at(-1);
    if (event.type === "details" && before?.type === "details" && sameAuthor(before.by, event.by)) {
      result[result.length - 1] = { ...event, changes: together(before.changes, event.changes) };
    } else {
      result.push(event);
    }
  }
  return result;
}

function together(first: DetailsPatch, then: DetailsPatch): DetailsPatch {
  return {
    ...first,
    ...then,
    deal: { ...first.deal, ...then.deal },
    person: { ...first.person, ...then.person },
    organization: { ...first.organization, ...then.organization },
  };
}

function sameAuthor(one: Event["by"], other: Event["by"]): boolean {
  return one.kind === "agent" && other.kind === "agent" ? one.id === other.id : one.kind === other.kind;
}

function lineOf(event: Event, scene: Scene, items: Set<string>): Line | null {
  const key = `seq-${event.seq}`;
  switch (event.type) {
    case "message":
      return { ...speech(event, scene), key: event.key ?? key, text: event.text, rich: event.rich ?? null };
    case "note":
      return { ...speech(event, scene), kind: "note", key: event.key, text: event.text, delivery: null };
    case "card": {
      if (event.text === "" && event.rich.length === 0) return null;
      const options = event.ask.kind === "choice" ? event.ask.options.map((option) => option.label) : [];
      return { ...speech(event, scene), key, text: event.text, rich: event.rich, options };
    }
    case "answer":
      return { ...speech(event, scene), key, text: event.label || t("skipped") };
    case "item":
      // The same id again only tells where it went.
      if (items.has(event.item)) return null;
      items.add(event.item);
      break;
  }
  const text = sentence(event);
  return text === null ? null : { kind: "system", key, text, at: event.at, seq: event.seq };
}

function speech(event: Event, { conversation }: Scene): Speech {
  const author = event.by.kind === "agent" || event.by.kind === "visitor" ? event.by.kind : "bot";
  const name =
    event.by.kind === "agent" ? event.by.name : author === "bot" ? t("bot") : visitorName(conversation.visitor);
  const delivery = author === "agent" ? delivered(event.seq, conversation) : null;
  return {
    kind: "message",
    key: "",
    author,
    name,
    text: "",
    rich: null,
    options: [],
    at: event.at,
    delivery,
    error: null,
    tooLong: false,
    goesOn: false,
    seq: event.seq,
  };
}

function delivered(seq: number, { seen }: Conversation): Delivery {
  if (seen.visitor.read >= seq) return "seen";
  return seen.visitor.received >= seq ? "received" : "sent";
}

function unsentLine(entry: OutboxEntry, name: string): Speech {
  return {
    kind: entry.kind === "note" ? "note" : "message",
    key: entry.key,
    author: "agent",
    name,
    text: entry.text,
    rich: null,
    options: [],
    at: null,
    delivery: entry.state === "failed" ? "failed" : "sending",
    error: entry.error ?? null,
    tooLong: entry.code === "too_large",
    goesOn: false,
    seq: null,
  };
}
