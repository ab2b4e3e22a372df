import type { Conversation, Event, Summary } from "./generated.js";

/**
 * Answers the conversation as it stands after `event`: where it is and with whom, which is all a visitor is shown. One
 * it already holds changes nothing.
 */
export function applyEvent<C extends Summary>(conversation: C, event: Event): C {
  if (event.seq <= conversation.seq) return conversation;
  return { ...conversation, ...stateChange(event), seq: event.seq };
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
