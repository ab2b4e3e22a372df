import { Backoff } from "./backoff.js";
import { isFinal } from "./closing.js";
import type { Env, SocketLike, Timer } from "./env.js";
import type { ErrorBody } from "./generated.js";
import { Refusal } from "./refusal.js";
import { Signal } from "./signal.js";

export type ConnectionState =
  | { kind: "idle" }
  | { kind: "connecting" }
  | { kind: "live" }
  /** `retryAt` in local milliseconds. */
  | { kind: "waiting"; retryAt: number }
  | { kind: "stopped"; code: number; reason: string };

export type Frame = { type: string };

export type OkReply = { type: "reply"; id: number; ok: true } & Record<string, unknown>;

export interface ConnectionOptions {
  url: string;
  env: Env;
  /** The first frame, asked for anew at each connect. */
  hello(): Frame;
  /** The `ok` reply to it; runs before anything else of this connection. */
  onHello(reply: OkReply, sentAt: number): void;
  onPush(push: Frame): void;
  /** May answer `true` to come back at once although the code says stop. */
  onStop?(code: number): boolean;
}

interface Pending {
  timer: Timer;
  apply: ((reply: OkReply) => void) | undefined;
  settle: { resolve(reply: OkReply): void; reject(refusal: Refusal): void } | undefined;
}

interface Goodbye {
  code: number;
  reason: string;
  reconnect: boolean;
  after_ms?: number | null;
}

/** One reply, one hello and one probe may take this long. */
const REPLY_TIMEOUT_MS = 10_000;
const PROBE_TIMEOUT_MS = 5_000;
/** How long the close may come after the goodbye that announces it. */
const GOODBYE_GRACE_MS = 2_000;
/** A connection that lived this long was a success: the backoff starts over. */
const STABLE_MS = 5_000;
const DEFAULT_HEARTBEAT_MS = 20_000;

/** One live socket at a time, brought back for as long as the close codes allow. `Request`: what may be asked. */
export class Connection<Request extends Frame = Frame> {
  readonly state = new Signal<ConnectionState>({ kind: "idle" });
  readonly #options: ConnectionOptions;
  readonly #env: Env;
  readonly #backoff: Backoff;
  readonly #pending = new Map<number, Pending>();
  #socket: SocketLike | undefined;
  #nextId = 1;
  #heartbeatMs = DEFAULT_HEARTBEAT_MS;
  #lastHeard = 0;
  #liveSince = 0;
  #goodbye: Goodbye | undefined;
  #watch: Timer | undefined;
  #retry: Timer | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#env = options.env;
    this.#backoff = new Backoff(() => options.env.random());
  }

  /** Connects, unless it already does or waits to; also out of `stopped`, when a person asks for it. */
  open(): void {
    const kind = this.state.value.kind;
    if (kind === "idle" || kind === "stopped") this.#connect();
  }

  /** Ends it without coming back. */
  close(): void {
    this.#drop();
    this.state.set({ kind: "idle" });
  }

  /** Drops the socket and says `hello` again at once, with what `hello()` gives now. */
  restart(): void {
    this.#drop();
    this.#connect();
  }

  /**
   * The world changed: the network is back, the page is visible again. A waiting connection tries at once; a live one
   * that was silent too long is given up, and otherwise asked for a sign of life.
   */
  nudge(): void {
    const { kind } = this.state.value;
    if (kind === "waiting") this.#connect();
    if (kind !== "live") return;
    if (this.#silence() >= 2 * this.#heartbeatMs) this.#lost(4003);
    else this.#probe();
  }

  get live(): boolean {
    return this.state.value.kind === "live";
  }

  /**
   * Sends a request and resolves with its `ok` reply, or rejects with a {@link Refusal}. `apply` runs at the reply's
   * place among the frames, before any later push is looked at; also when the reply comes after the time limit, since
   * it may stand in for an event that comes no other way.
   */
  request(frame: Request, apply?: (reply: OkReply) => void): Promise<OkReply> {
    if (!this.live) return Promise.reject(new Refusal("disconnected"));
    return this.#ask(frame, REPLY_TIMEOUT_MS, apply);
  }

  /** Sends without asking for a reply; dropped when not live. */
  tell(frame: Request): void {
    if (this.live) this.#write(frame);
  }

  // === the socket ===

  #connect(): void {
    this.#drop();
    this.state.set({ kind: "connecting" });
    let socket: SocketLike;
    try {
      socket = this.#env.socket(this.#options.url, "usher.v1");
    } catch {
      this.#ended(1006, "");
      return;
    }
    this.#socket = socket;
    this.#watch = this.#env.after(REPLY_TIMEOUT_MS, () => this.#lost(1006));
    socket.onopen = () => this.#sayHello();
    socket.onmessage = (event: { data: unknown }) => this.#heard(event.data);
    socket.onclose = (event: { code: number; reason: string }) => this.#ended(event.code, event.reason);
  }

  #sayHello(): void {
    const sentAt = this.#env.now();
    this.#ask(this.#options.hello(), REPLY_TIMEOUT_MS, (reply) => {
      this.#heartbeatMs = (reply.heartbeat_ms as number | undefined) || this.#heartbeatMs;
      this.#liveSince = this.#env.now();
      this.#watchOver(2 * this.#heartbeatMs);
      this.#options.onHello(reply, sentAt);
      this.state.set({ kind: "live" });
    }).catch(() => {
      // A goodbye follows a refusal, and somebody watches over the silence.
    });
  }

  #heard(data: unknown): void {
    this.#lastHeard = this.#env.now();
    const frame = parse(data);
    if (frame === undefined) return;
    switch (frame.type) {
      case "reply":
        this.#answered(frame as unknown as OkReply | { id: number; ok: false; error: ErrorBody });
        return;
      case "ping":
        this.#write({ type: "pong" });
        return;
      case "goodbye":
        this.#goodbye = frame as unknown as Goodbye;
        this.#expectClose(this.#goodbye.code, this.#goodbye.reason);
        return;
      default:
        this.#options.onPush(frame);
    }
  }

  #write(frame: Frame & { id?: number }): void {
    try {
      this.#socket?.send(JSON.stringify(frame));
    } catch {
      // A socket that is closing throws; its close event is on the way and settles everything.
    }
  }

  // === requests ===

  #ask(frame: Frame, limitMs: number, apply?: (reply: OkReply) => void): Promise<OkReply> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const pending: Pending = { timer: undefined, apply, settle: { resolve, reject } };
      pending.timer = this.#env.after(limitMs, () => {
        pending.settle = undefined;
        if (apply === undefined) this.#pending.delete(id);
        reject(new Refusal("timeout"));
      });
      this.#pending.set(id, pending);
      this.#write({ ...frame, id });
    });
  }

  #answered(reply: OkReply | { id: number; ok: false; error: ErrorBody }): void {
    const pending = this.#pending.get(reply.id);
    if (pending === undefined) return;
    this.#pending.delete(reply.id);
    this.#env.cancel(pending.timer);
    if (reply.ok) {
      pending.apply?.(reply);
      pending.settle?.resolve(reply);
    } else {
      pending.settle?.reject(new Refusal(reply.error.code, reply.error));
    }
  }

  // === liveness ===

  #silence(): number {
    return this.#env.now() - this.#lastHeard;
  }

  #watchOver(ms: number): void {
    this.#env.cancel(this.#watch);
    this.#watch = this.#env.after(ms, () => {
      const left = 2 * this.#heartbeatMs - this.#silence();
      if (left <= 0) this.#lost(4003);
      else this.#watchOver(left);
    });
  }

  /** Any request with an `id` is answered, an unknown one too: the answer is the sign of life. */
  #probe(): void {
    const socket = this.#socket;
    this.#ask({ type: "ping" }, PROBE_TIMEOUT_MS).catch((refusal: Refusal) => {
      if (refusal.code === "timeout" && socket === this.#socket) this.#lost(4003);
    });
  }

  // === endings ===

  #expectClose(code: number, reason: string): void {
    this.#env.cancel(this.#watch);
    this.#watch = this.#env.after(GOODBYE_GRACE_MS, () => this.#lost(code, reason));
  }

  /** The socket is given up on our side; what it may still say is not heard. */
  #lost(code: number, reason = ""): void {
    this.#release();
    this.#ended(code, reason);
  }

  #ended(closeCode: number, closeReason: string): void {
    const goodbye = this.#goodbye;
    // 1005 and 1006 say that no code arrived; a goodbye before it says more.
    const untold = closeCode === 1005 || closeCode === 1006;
    const code = goodbye !== undefined && untold ? goodbye.code : closeCode;
    const reason = closeReason || goodbye?.reason || "";
    if (this.state.value.kind === "live" && this.#env.now() - this.#liveSince >= STABLE_MS) this.#backoff.reset();
    this.#drop();
    if (isFinal(code) || goodbye?.reconnect === false) {
      if (this.#options.onStop?.(code) === true) this.#connect();
      else this.state.set({ kind: "stopped", code, reason });
      return;
    }
    const delay = goodbye?.after_ms ?? this.#backoff.next();
    this.#retry = this.#env.after(delay, () => this.#connect());
    this.state.set({ kind: "waiting", retryAt: this.#env.now() + delay });
  }

  #release(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined) return;
    socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
    try {
      socket.close();
    } catch {
      // Already closed.
    }
  }

  /** Lets go of the socket, its timers and what waits for an answer. */
  #drop(): void {
    this.#release();
    this.#env.cancel(this.#watch);
    this.#env.cancel(this.#retry);
    this.#goodbye = undefined;
    const orphans = [...this.#pending.values()];
    this.#pending.clear();
    for (const pending of orphans) {
      this.#env.cancel(pending.timer);
      pending.settle?.reject(new Refusal("disconnected"));
    }
  }
}

function parse(data: unknown): Frame | undefined {
  try {
    const frame = JSON.parse(data as string) as Frame | null;
    return typeof frame?.type === "string" ? frame : undefined;
  } catch {
    // Not ours to judge: the hub speaks JSON, and a proxy's banner is not a frame.
    return undefined;
  }
}
