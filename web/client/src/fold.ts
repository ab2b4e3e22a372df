import type { Conversation, Details, DetailsPatch, Event, ItemView, Summary } from "./generated.js";

/** Answers the conversation as it stands after `event`; one it already holds changes nothing. */
export function applyEvent<C extends Summary>(conversation: C, event: Event): C {
  if (event.seq <= conversation.seq) return conversation;
  return { ...conversation, ...change(conversation, event), seq: event.seq };
}

export function applyEvents<C extends Summary>(conversation: C, events: readonly Event[]): C {
  return events.reduce(applyEvent, conversation);
}

/** The conversation that a `started` event begins: how another tab of the visitor learns of it. */
export function conversationFrom(id: string, event: Extract<Event, { type: "started" }>): Conversation {
  return {
    id,
    state: "bot",
    seq: event.seq,
    assignee: null,
    deadline: null,
    position: null,
    missed: null,
    visitor: { ...event.visitor, verified: event.visitor.verified ?? false, connected: true },
    playbook: event.playbook,
    page: event.page ?? null,
    locale: event.locale ?? null,
    created_at: event.at,
    closed_at: null,
    seen: { visitor: { received: 0, read: 0 }, agent: { received: 0, read: 0 } },
  };
}

export function isOpen(conversation: { state: Summary["state"] } | null): boolean {
  return conversation !== null && conversation.state !== "closed";
}

const NO_WAIT = { deadline: null, position: null } as const;
const PREVIEW_CHARS = 120;

function change(before: Summary, event: Event): Partial<Conversation> {
  // Visitors are not shown the inbox's part of a row, and it does not appear by folding.
  const row = "last_at" in before ? rowChange(before, event) : {};
  return { ...row, ...stateChange(event), ...panelChange(before, event) };
}

function stateChange(event: Event): Partial<Conversation> {
  switch (event.type) {
    case "waiting":
      return { state: "waiting", deadline: event.deadline, position: null };
    case "missed":
      return { state: "offline", missed: event.reason, ...NO_WAIT };
    case "assigned":
      return { state: "assigned", assignee: event.to, ...NO_WAIT };
    case "unassigned":
      return { state: "unassigned", assignee: null, ...NO_WAIT };
    case "closed":
      return { state: "closed", assignee: null, closed_at: event.at, ...NO_WAIT };
    default:
      return {};
  }
}

function rowChange(before: Summary, event: Event): Partial<Summary> {
  const row: Partial<Summary> = { last_at: event.at };
  if (event.type === "message" || event.type === "card") row.preview = preview(event.text);
  if (event.type === "answer") row.preview = preview(event.label);
  if (event.type === "waiting" || event.type === "missed") row.waiting_since = before.waiting_since ?? event.at;
  return row;
}

function panelChange(before: Conversation, event: Event): Partial<Conversation> {
  const { details, items } = before;
  switch (event.type) {
    case "details":
      if (details === undefined) return {};
      return { details: { ...mergeDetails(details, event.changes), claimed: claimed(details, event) } };
    case "item":
      return items === undefined ? {} : { items: mergeItem(items, event) };
    case "item_failed":
      return items === undefined ? {} : { items: fail(items, event.item, event.message) };
    default:
      return {};
  }
}

function preview(text: string): string {
  const flat = [...text.split(/\s+/).filter(Boolean).join(" ")];
  return flat.length > PREVIEW_CHARS ? `${flat.slice(0, PREVIEW_CHARS).join("")}…` : flat.join("");
}

/** What a visitor enters is a claim until an agent has touched the field. */
function claimed(before: Details, event: Extract<Event, { type: "details" }>): string[] {
  const paths = Object.entries(event.changes).flatMap(([name, value]) =>
    isRecord(value) ? Object.keys(value).map((field) => `${name}.${field}`) : [name],
  );
  const others = before.claimed.filter((path) => !paths.includes(path));
  return event.by.kind === "visitor" ? [...others, ...paths].sort() : others;
}

/** Field by field, one level deep; `null` clears. What was claimed stays as it was. */
export function mergeDetails(before: Details, changes: DetailsPatch): Details {
  const after: Record<string, unknown> = { ...before };
  for (const [name, value] of Object.entries(changes)) {
    const old = after[name];
    put(after, name, isRecord(value) ? merged(isRecord(old) ? old : {}, value) : value);
  }
  return after as Details;
}

function merged(before: Record<string, unknown>, changes: Record<string, unknown>): Record<string, unknown> {
  const after = { ...before };
  for (const [name, value] of Object.entries(changes)) put(after, name, value);
  return after;
}

function put(record: Record<string, unknown>, name: string, value: unknown): void {
  if (value === null) delete record[name];
  else record[name] = value;
}

/** A second `item` with a known id updates `external` and is no second marker. */
function mergeItem(items: ItemView[], event: Extract<Event, { type: "item" }>): ItemView[] {
  const { item, kind, title, at, external } = event;
  const known = items.find((one) => one.item === item);
  const view: ItemView = known === undefined ? { item, kind, title, at } : { ...known };
  delete view.failed;
  if (external) view.external = external;
  return known === undefined ? [...items, view] : items.map((one) => (one === known ? view : one));
}

function fail(items: ItemView[], item: string, message: string): ItemView[] {
  return items.map((one) => (one.item === item ? { ...one, failed: message } : one));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
