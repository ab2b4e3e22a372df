/** The shape of a seeded playbook, as far as the tests write one. */
export interface Playbook {
  id: string;
  cards: Record<string, unknown>;
  [field: string]: unknown;
}

/** The demo page's playbook, with the wait a test needs. 10 s is the shortest there is. */
export function demoPlaybook(waitMs: number): Playbook {
  return {
    id: "pb_demo",
    name: "Demo",
    active: true,
    locale: "en",
    origins: [],
    appearance: { color: "#3b5bdb", icon: "chat", bot_name: "Lantern", avatar: null },
    open_after_ms: null,
    typing_preview: false,
    abandoned_lead: true,
    start: "hello",
    cards: {
      hello: {
        kind: "choice",
        text: "Hi! What brings you here?",
        options: [
          { id: "talk", label: "Talk to someone", next: "live" },
          { id: "look", label: "Just looking", next: "bye" },
        ],
      },
      live: {
        kind: "live_chat",
        online_message: "**One moment**, we are finding somebody for you.",
        wait_ms: waitMs,
        offline_message: "Nobody is free right now.",
        offline: "email",
      },
      email: { kind: "capture", field: "email", text: "Where can we write to you?", required: true, next: "done" },
      done: {
        kind: "qualify",
        text: "Thank you!",
        create: [{ kind: "lead" }, { kind: "activity", subject: "Write back" }],
      },
      bye: { kind: "disqualify", text: "Enjoy your visit.", create: [] },
    },
  };
}
