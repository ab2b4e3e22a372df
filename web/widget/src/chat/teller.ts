import type { Event, VisitorState } from "../../../client/src/index.js";
import type { Emit } from "../contract.js";
import { spoken } from "./spoken.js";

/** Tells the page what becomes of the chat. */
export interface Teller {
  /** Each thing once, as long as it stays as it is. */
  tell: Emit;
  changed(state: VisitorState): void;
  heard(event: Event): void;
}

export function teller(emit: Emit, botName: string): Teller {
  const told = new Map<string, string>(Object.entries({ agent: "null", unread: "0" }));

  const tell: Emit = (name, detail) => {
    const now = JSON.stringify(detail);
    if (told.get(name) !== now) emit(name, detail);
    told.set(name, now);
  };

  return {
    tell,
    changed({ connection, available, conversation }) {
      if (connection.kind === "stopped") tell("connection", { state: "stopped", code: connection.code });
      else if (connection.kind !== "idle") tell("connection", { state: connection.kind });
      if (available !== null) tell("available", available);
      if (conversation === null) return;
      const { state, position, assignee } = conversation;
      tell("state", state);
      tell("agent", assignee && { id: assignee.id, name: assignee.name });
      if (position !== null) tell("queue", position);
    },
    heard(event) {
      const { by } = event;
      if (event.type === "rated") emit("rated", { score: event.score });
      if (!spoken(event)) return;
      const { text } = event;
      if (by.kind === "visitor") emit("sent", { text });
      else emit("message", { from: by.kind === "agent" ? by.name : botName, by: by.kind, text });
    },
  };
}
