import type { Event, VisitorState } from "../../../client/src/index.js";
import type { Emit, WidgetEvents } from "../contract.js";
import { spoken } from "./spoken.js";

/** Tells the page what becomes of the chat, each thing once. */
export class Teller {
  readonly #emit: Emit;
  readonly #botName: string;
  readonly #told = new Map<string, string>([["agent", "null"]]);

  constructor(emit: Emit, botName: string) {
    this.#emit = emit;
    this.#botName = botName;
  }

  changed({ connection, available, conversation }: VisitorState): void {
    if (connection.kind === "stopped") this.tell("connection", { state: "stopped", code: connection.code });
    else if (connection.kind !== "idle") this.tell("connection", { state: connection.kind });
    if (available !== null) this.tell("available", available);
    if (conversation === null) return;
    const { state, position, assignee } = conversation;
    this.tell("state", state);
    this.tell("agent", assignee && { id: assignee.id, name: assignee.name });
    if (position !== null) this.tell("queue", position);
  }

  heard(event: Event): void {
    const { by } = event;
    if (event.type === "rated") this.#emit("rated", { score: event.score });
    if (!spoken(event)) return;
    const { text } = event;
    if (by.kind === "visitor") this.#emit("sent", { text });
    else this.#emit("message", { from: by.kind === "agent" ? by.name : this.#botName, by: by.kind, text });
  }

  /** Unless it was told already. */
  tell<Name extends keyof WidgetEvents>(name: Name, detail: WidgetEvents[Name]): void {
    const now = JSON.stringify(detail);
    if (this.#told.get(name) === now) return;
    this.#told.set(name, now);
    this.#emit(name, detail);
  }
}
