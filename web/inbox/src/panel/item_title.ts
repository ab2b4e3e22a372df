import type { Conversation, ItemKind } from "../../../client/src/index.js";
import { visitorName } from "../list/row_marks.js";
import { bare, t } from "../words/words.js";

/** The title of an item made in one click: who it is about, from what the panel holds. */
export function itemTitle(kind: ItemKind, conversation: Conversation): string {
  const { organization, person } = conversation.details ?? {};
  const name = [organization?.name, person?.name].filter(Boolean).join(", ") || person?.email;
  const about = name || visitorName(conversation.visitor);
  return kind === "activity" ? bare(t("item.follow_up", { about })) : about;
}
