import type { Agent, Conversation } from "../../../client/src/index.js";
import { t } from "../words/words.js";

/** The drop-down's value for nobody: agents' ids are never empty. */
export const UNASSIGNED = "";

export interface Choice {
  value: string;
  text: string;
  /** Whether this agent may choose it now; the hub decides it again. */
  allowed: boolean;
}

/** The drop-down's lines: Unassigned, then the agents with their presence, those online first. */
export function choices(
  conversation: Conversation,
  agents: readonly Agent[],
  me: { id: string; role: "agent" | "admin" },
): Choice[] {
  const { assignee } = conversation;
  const handsOn = me.role === "admin" || assignee?.id === me.id;
  const known: Pick<Agent, "id" | "name" | "status">[] = [...agents];
  if (assignee && !agents.some((agent) => agent.id === assignee.id)) known.push({ ...assignee, status: "offline" });
  const sorted = known.sort(
    (one, other) => RANK[one.status] - RANK[other.status] || one.name.localeCompare(other.name),
  );
  return [
    { value: UNASSIGNED, text: t("folder.unassigned"), allowed: handsOn || assignee === null },
    ...sorted.map(({ id, name, status }) => ({
      value: id,
      text: t(`assignee.${status}`, { name }),
      allowed: handsOn || (assignee === null && id === me.id) || assignee?.id === id,
    })),
  ];
}

const RANK: Record<Agent["status"], number> = { online: 0, away: 1, offline: 2 };
