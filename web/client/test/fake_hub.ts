import { vi } from "vitest";
import type { Conversation, Event, Summary } from "../src/generated.js";
import type { Env, SocketLike } from "../src/index.js";

export type AnyFrame = { type: string; id?: number } & Record<string, unknown>;

/** One side of a socket that the test holds in its hands. */
export class FakeSocket implements SocketLike {
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: never) => void) | null = null;
  onclose: ((event: never) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  readonly sent: AnyFrame[] = [];
  closedByClient = false;

  send(text: string): void {
    this.sent.push(JSON.parse(text) as AnyFrame);
  }

  close(): void {
    this.closedByClient = true;
  }

  accept(): void {
    this.onopen?.({} as never);
  }

  say(frame: Record<string, unknown>): void {
    this.onmessage?.({ data: JSON.stringify(frame) } as never);
  }

  /** Answers the last request of this type. */
  answer(type: string, body: Record<string, unknown> = {}): void {
    this.say({ type: "reply", id: this.last(type).id, ok: true, ...body });
  }

  refuse(type: string, error: Record<string, unknown>): void {
    this.say({ type: "reply", id: this.last(type).id, ok: false, error: { message: "no", ...error } });
  }

  end(code: number, reason = ""): void {
    this.onclose?.({ code, reason } as never);
  }

  all(type: string): AnyFrame[] {
    return this.sent.filter((frame) => frame.type === type);
  }

  last(type: string): AnyFrame {
    const frame = this.all(type).at(-1);
    if (frame === undefined) throw new Error(`no ${type} was sent`);
    return frame;
  }
}

/** The world of a client under test: sockets by hand, time and chance by the test. */
export class FakeHub {
  readonly sockets: FakeSocket[] = [];
  chance = 0.5;
  #keys = 0;

  readonly env: Env = {
    socket: () => {
      const socket = new FakeSocket();
      this.sockets.push(socket);
      return socket;
    },
    now: () => Date.now(),
    random: () => this.chance,
    key: () => `key-${++this.#keys}`,
    after: (ms, run) => setTimeout(run, ms),
    cancel: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
  };

  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error("nobody connected");
    return socket;
  }

  /** Lets everything happen that is due within `ms`, promises included. */
  async pass(ms = 0): Promise<void> {
    await vi.advanceTimersByTimeAsync(ms);
  }
}

export const START = 1_763_800_000_000;

export function conversation(over: Partial<Conversation> = {}): Conversation {
  return {
    id: "c_1",
    state: "bot",
    seq: 1,
    assignee: null,
    deadline: null,
    position: null,
    missed: null,
    visitor: { id: "v_1", verified: false, connected: true },
    playbook: { id: "pb_demo", version: 1 },
    page: null,
    locale: "en",
    created_at: START,
    closed_at: null,
    seen: { visitor: { received: 0, read: 0 }, agent: { received: 0, read: 0 } },
    ...over,
  };
}

export function summary(id: string, seq: number, over: Partial<Summary> = {}): Summary {
  return { ...conversation({ id, seq, state: "waiting" }), unread: 0, preview: "", last_at: START, ...over };
}

export function started(seq = 1): Event {
  const by = { kind: "visitor" } as const;
  return {
    type: "started",
    seq,
    at: START,
    by,
    visitor: { id: "v_1" },
    playbook: { id: "pb_demo", version: 1 },
  } as Event;
}

export function text(seq: number, words: string, over: { key?: string; by?: Event["by"] } = {}): Event {
  const by = over.by ?? { kind: "agent", id: "jane", name: "Jane" };
  return { type: "message", seq, at: START + seq, by, key: over.key ?? `k${seq}`, text: words } as Event;
}

export function visitorHello(over: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    session: "s_1",
    visitor: "v_1",
    token: "token-1",
    epoch: "e1",
    heartbeat_ms: 20_000,
    server_time: Date.now(),
    limits: {},
    playbook: {
      id: "pb_demo",
      name: "Demo",
      appearance: { color: "#3b5bdb", icon: "chat", bot_name: "Usher", avatar: null },
      locale: "en",
      open_after_ms: null,
      typing_preview: false,
    },
    available: true,
    conversation: null,
    recovered: false,
    events: [],
    ...over,
  };
}

export function agentHello(over: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    session: "s_2",
    agent: { id: "jane", name: "Jane", role: "agent" },
    epoch: "e1",
    heartbeat_ms: 10_000,
    server_time: Date.now(),
    limits: {},
    online: true,
    settings: { notify: { unassigned: true, assigned: true, message: true } },
    agents: [{ id: "jane", name: "Jane", avatar: null, status: "online" }],
    counts: { unassigned: 0, mine: 0, closed: 0 },
    unassigned: [],
    mine: [],
    ...over,
  };
}
