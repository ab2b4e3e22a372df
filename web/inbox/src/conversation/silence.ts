import type { Conversation } from "../../../client/src/index.js";
import { momentTime } from "../time.js";
import { t } from "../words/words.js";

/** Why this agent cannot write here, in words; null when they can. `now` is the hub's. */
export function silence(conversation: Conversation, me: string, now: number): string | null {
  switch (conversation.state) {
    case "assigned": {
      const { assignee } = conversation;
      return assignee?.id === me ? null : t("silence.theirs", { name: assignee?.name ?? t("another_agent") });
    }
    case "closed":
      return conversation.closed_at === null
        ? t("silence.closed")
        : t("silence.closed_at", { time: momentTime(conversation.closed_at, now) });
    case "bot":
      return t("silence.bot");
    default:
      return t("silence.free");
  }
}
