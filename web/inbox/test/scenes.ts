import type { Conversation, Details, Event, Summary } from "../../client/src/index.js";

/** 23 November 2026, 14:02 UTC. */
export const NOON = Date.UTC(2026, 10, 23, 14, 2);
export const READER = { locale: "en-GB", zone: "UTC" };

export function row(over: Partial<Summary> = {}): Summary {
  return {
    id: "c_1",
    state: "waiting",
    seq: 5,
    assignee: null,
    deadline: null,
    position: null,
    missed: null,
    visitor: { id: "v_abcdef12", verified: false, connected: true },
    playbook: { id: "pb_demo", version: 1 },
    page: { url: "https://shop.example/prices" },
    locale: "en",
    created_at: NOON,
    closed_at: null,
    seen: { visitor: { received: 0, read: 0 }, agent: { received: 0, read: 0 } },
    waiting_since: NOON,
    unread: 0,
    preview: "",
    last_at: NOON,
    ...over,
  };
}

export function conversation(over: Partial<Conversation> = {}): Conversation {
  return { ...row(), details: details(), items: [], ...over };
}

export function details(over: Partial<Details> = {}): Details {
  return { deal: {}, person: {}, organization: {}, claimed: [], ...over };
}

export const JANE = { kind: "agent", id: "jane", name: "Jane" } as const;
export const VISITOR = { kind: "visitor" } as const;
export const BOT = { kind: "bot" } as const;

type Body = Event extends infer E ? (E extends Event ? Omit<E, "seq" | "at" | "by"> : never) : never;

export function event(seq: number, by: Event["by"], body: Body): Event {
  return { seq, at: NOON + seq * 1_000, by, ...body } as Event;
}
