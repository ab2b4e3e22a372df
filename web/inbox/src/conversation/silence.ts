import type { Conversation } from "../../../client/src/index.js";
import { clockTime } from "../time.js";

/** Why this agent cannot write here, in words; null when they can. */
export function silence(conversation: Conversation, me: string): string | null {
  switch (conversation.state) {
    case "assigned": {
      const { assignee } = conversation;
      return assignee?.id === me ? null : `${assignee?.name ?? "Another agent"} has this conversation.`;
    }
    case "closed":
      return conversation.closed_at === null
        ? "Closed. Details and items can still be changed."
        : `Closed at ${clockTime(conversation.closed_at)}. Details and items can still be changed.`;
    case "bot":
      return "The playbook is talking with the visitor.";
    default:
      return "Assign it to yourself to answer.";
  }
}
