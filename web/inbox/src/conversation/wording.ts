import {
  type ClosedReason,
  type Event,
  type ItemKind,
  isErasure,
  type MissedReason,
} from "../../../client/src/index.js";
import { pageName } from "../list/row_marks.js";
import { fieldName, pathsOf } from "../panel/fields.js";

const MISSED: Record<MissedReason, string> = {
  nobody_online: "Missed: nobody was online",
  wait_expired: "Missed: nobody took the chat in time",
  everyone_left: "Missed: every agent left during the wait",
  not_installed: "Missed: live chat was not installed on a page yet",
};

const CLOSED: Record<Exclude<ClosedReason, "agent">, string> = {
  visitor: "The visitor ended the chat",
  finished: "The playbook ended the chat",
  abandoned: "Closed as abandoned",
};

export const ITEM: Record<ItemKind, string> = { lead: "Lead", deal: "Deal", activity: "Activity" };

/** A system event as a sentence; null for what is shown as a message, a note or not at all. */
export function sentence(event: Event): string | null {
  switch (event.type) {
    case "started": {
      const page = pageName(event.page);
      return page === null ? "Chat started" : `Chat started on ${page}`;
    }
    case "waiting":
      return "The visitor asked for an agent";
    case "missed":
      return MISSED[event.reason];
    case "assigned":
      return assigned(event);
    case "unassigned":
      return `${event.from.name} handed it back to Unassigned`;
    case "rated":
      return `Rated ${event.score} of 5${event.comment ? `: “${event.comment}”` : ""}`;
    case "closed":
      return event.reason === "agent" ? `Closed by ${who(event)}` : CLOSED[event.reason];
    case "qualified":
      return "Qualified by the playbook";
    case "disqualified":
      return "Disqualified by the playbook";
    case "details":
      if (isErasure(event)) return "The visitor was erased";
      return `${who(event)} filled in ${list(pathsOf(event.changes).map(fieldName))}`;
    case "item":
      // The hub itself makes no items: from it, a known one has reached the CRM.
      return event.by.kind === "system" ? `${ITEM[event.kind]} was handed on` : `${ITEM[event.kind]} created`;
    case "item_failed":
      return `${ITEM[event.kind]} could not be handed on: ${event.message}`;
    default:
      return null;
  }
}

function assigned(event: Extract<Event, { type: "assigned" }>): string {
  const { by, to, from } = event;
  const joined = `${to.name} joined`;
  if (by.kind === "agent" && by.id !== to.id) return `${joined}, assigned by ${by.name}`;
  return from === null || from.id === to.id ? joined : `${joined} in place of ${from.name}`;
}

function who(event: Event): string {
  switch (event.by.kind) {
    case "agent":
      return event.by.name;
    case "visitor":
      return "The visitor";
    case "bot":
      return "The playbook";
    case "system":
      return "The hub";
  }
}

function list(names: readonly string[]): string {
  if (names.length === 0) return "nothing";
  return names.length === 1 ? `${names[0]}` : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
