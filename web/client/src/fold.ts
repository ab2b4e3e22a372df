import type { Conversation, Details, Event, ItemView, Summary } from "./generated.js";

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
    visitor: { ...event.visitor, verified: false, connected: true },
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

function change(before: Summary, event: Event): Partial<Conversation> {
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
      return { state: "closed", closed_at: event.at, ...NO_WAIT };
    case "message":
      return "last_at" in before ? { last_at: event.at, preview: event.text } : {};
    case "details": {
      const { details } = before as Conversation;
      return details === undefined ? {} : { details: mergeDetails(details, event.changes) };
    }
    case "item": {
      const { items } = before as Conversation;
      return items === undefined ? {} : { items: mergeItem(items, event) };
    }
    default:
      return {};
  }
}

/** Field by field, one level deep; `null` clears. */
export function mergeDetails(before: Details, changes: Details): Details {
  const after: Record<string, unknown> = { ...before };
  for (const [name, value] of Object.entries(changes)) {
    const old = after[name];
    const both = isRecord(value) && isRecord(old);
    after[name] = both ? { ...old, ...value } : value;
  }
  return after as Details;
}

/** A second `item` with a known id updates `external` and is no second marker. */
function mergeItem(items: ItemView[], event: Extract<Event, { type: "item" }>): ItemView[] {
  if (items.some((known) => known.item === event.item)) {
    return items.map((known) => (known.item === event.item ? { ...known, external: event.external ?? null } : known));
  }
  const { item, kind, title, at, external } = event;
  return [...items, { item, kind, title, at, external: external ?? null }];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
