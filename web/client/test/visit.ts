import { afterEach, beforeEach, vi } from "vitest";
import { memoryStore, VisitorClient, type VisitorState } from "../src/index.js";
import { conversation, FakeHub, START, started, text, visitorHello } from "./fake_hub.js";

/** A visitor's client beside a hub that is played by the test. */
export class Visit {
  readonly hub = new FakeHub();
  token: string | null = null;
  /** How often the page was asked for an identity; null where it cannot be. */
  renewals: number | null = null;
  readonly client = new VisitorClient({
    url: "ws://hub/v1/visitor",
    playbook: "pb_demo",
    tokens: {
      get: () => this.token,
      set: (next) => {
        this.token = next;
      },
    },
    outbox: memoryStore(),
    page: { url: "https://shop.example/" },
    locale: "en",
    renewIdentity: () => {
      if (this.renewals !== null) this.renewals += 1;
      return this.renewals !== null;
    },
    env: this.hub.env,
  });

  async welcome(over: Record<string, unknown> = {}): Promise<void> {
    this.hub.socket.accept();
    this.hub.socket.answer("hello", visitorHello(over));
    await this.hub.pass();
  }

  /** With Jane, who said hi. */
  async chatting(): Promise<void> {
    this.client.connect();
    const said = [started(1), text(2, "Hi")];
    await this.welcome({ conversation: conversation({ state: "assigned", seq: 2 }), events: said });
  }
}

export function texts(state: VisitorState): string[] {
  return state.events.flatMap((event) => (event.type === "message" ? [event.text] : []));
}

/** Gives each test of a file a visit of its own, upon a clock that stands still. */
export function visits(take: (visit: Visit) => void): void {
  beforeEach(() => {
    vi.useFakeTimers({ now: START });
    take(new Visit());
  });
  afterEach(() => {
    vi.useRealTimers();
  });
}
