import { type Event, type ItemKind, isErasure } from "../../../client/src/index.js";
import { pageName } from "../list/row_marks.js";
import { fieldName, pathsOf } from "../panel/fields.js";
import { t } from "../words/words.js";

/** An item by its kind, as a name. */
export function itemName(kind: ItemKind): string {
  return t(`item.${kind}`);
}

/** A system event as a sentence; null for what is shown as a message, a note or not at all. */
export function sentence(event: Event): string | null {
  switch (event.type) {
    case "started": {
      const page = pageName(event.page);
      return page === null ? t("event.started") : t("event.started_on", { page });
    }
    case "waiting":
      return t("event.waiting");
    case "missed":
      return t(`event.missed.${event.reason}`);
    case "assigned":
      return assigned(event);
    case "unassigned":
      return t("event.unassigned", { name: event.from.name });
    case "rated":
      return event.comment
        ? t("event.rated_comment", { score: event.score, comment: event.comment })
        : t("event.rated", { score: event.score });
    case "closed":
      return event.reason === "agent" ? t("event.closed", { name: who(event) }) : t(`event.closed.${event.reason}`);
    case "qualified":
      return t("event.qualified");
    case "disqualified":
      return t("event.disqualified");
    case "details":
      if (isErasure(event)) return t("event.erased");
      return t("event.details", { name: who(event), fields: list(pathsOf(event.changes).map(fieldName)) });
    case "item":
      // The hub itself makes no items: from it, a known one has reached the CRM.
      if (event.by.kind === "system") return t("event.handed_on", { item: itemName(event.kind) });
      return t(`event.item.${event.kind}`);
    case "item_failed":
      return t("event.item_failed", { item: itemName(event.kind), message: event.message });
    default:
      return null;
  }
}

function assigned(event: Extract<Event, { type: "assigned" }>): string {
  const { by, to, from } = event;
  if (by.kind === "agent" && by.id !== to.id) return t("event.joined_by", { name: to.name, by: by.name });
  return from === null || from.id === to.id
    ? t("event.joined", { name: to.name })
    : t("event.joined_after", { name: to.name, from: from.name });
}

function who(event: Event): string {
  switch (event.by.kind) {
    case "agent":
      return event.by.name;
    case "visitor":
      return t("who.visitor");
    case "bot":
      return t("who.playbook");
    case "system":
      return t("who.hub");
  }
}

function list(names: readonly string[]): string {
  if (names.length === 0) return t("nothing");
  const last = names.at(-1) ?? "";
  return names.length === 1 ? last : t("list", { names: names.slice(0, -1).join(", "), last });
}
