import type { Playbook } from "../../client/src/index.js";

/** A playbook to edit: a choice, Live Chat with its offline flow, and an end that both ways share. */
export function demo(): Playbook {
  return {
    id: "pb_demo",
    name: "Demo",
    active: true,
    locale: "en",
    origins: [],
    appearance: { color: "#3b5bdb", icon: "chat", bot_name: "Usher", avatar: null },
    open_after_ms: null,
    typing_preview: false,
    abandoned_lead: true,
    start: "hello",
    cards: {
      hello: {
        kind: "choice",
        text: "Hi!",
        options: [
          { id: "talk", label: "Talk", next: "live" },
          { id: "look", label: "Look", next: "bye" },
        ],
      },
      live: { kind: "live_chat", online_message: "On", wait_ms: 60_000, offline_message: "Off", offline: "email" },
      email: { kind: "capture", text: "Where?", field: "email", required: true, next: "bye" },
      bye: { kind: "disqualify", text: "Bye", create: [] },
    },
  };
}
