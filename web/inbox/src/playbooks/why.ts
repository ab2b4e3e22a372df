import { t, type Word } from "../words/words.js";

/** The hub's answer to why live chat is, or is not, offered. */
export interface Why {
  available: boolean;
  reason: string;
  conditions: Condition[];
}

export interface Condition {
  name: string;
  ok: boolean;
  value: unknown;
  message: string;
}

const WORDS: Record<string, { yes: Word; no: Word }> = {
  live_chat_card: { yes: "why.card", no: "why.no_card" },
  active: { yes: "why.active", no: "why.inactive" },
  installed: { yes: "why.installed", no: "why.not_installed" },
  agents_online: { yes: "why.agents", no: "why.no_agents" },
};

/** A condition in the reader's language; one that a newer hub has added in the hub's own words. */
export function conditionWords({ name, ok, value, message }: Condition): string {
  const words = WORDS[name];
  if (words === undefined) return message;
  const online = typeof value === "object" && value !== null && "online" in value ? Number(value.online) : 0;
  return t(ok ? words.yes : words.no, { online });
}
