import { once } from "node:events";
import WebSocket from "ws";
import type { Hub, SignIn } from "./hub";

type Frame = { type: string; id?: number } & Record<string, unknown>;
type Row = { id: string; state: string };

const PATIENCE_MS = 15_000;

/** An agent without a browser, for tests that look at the visitor's side: one socket, quick to open. */
export class Agent {
  readonly name: string;
  /** Every push, in order. */
  readonly pushes: Frame[] = [];
  /** The conversation this agent works in. */
  conversation = "";
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, (reply: Frame) => void>();
  readonly #waiting = new Set<() => void>();
  #rows = new Map<string, Row>();
  #nextId = 1;

  private constructor(socket: WebSocket, name: string) {
    this.#socket = socket;
    this.name = name;
    socket.on("message", (data) => this.#heard(JSON.parse(String(data)) as Frame));
  }

  /** Signed in and switched on, unless `online` is false. */
  static async signIn(hub: Hub, who: SignIn, online = true): Promise<Agent> {
    const socket = new WebSocket(`${hub.origin.replace("http", "ws")}/v1/agent`);
    await once(socket, "open");
    const agent = new Agent(socket, who.name);
    const hello = await agent.ask({ type: "hello", token: who.link.split("#token=")[1] });
    for (const row of hello.unassigned as Row[]) agent.#rows.set(row.id, row);
    if (online) await agent.online(true);
    return agent;
  }

  /** Answers the `ok` reply; throws at any other. */
  async ask(frame: Frame): Promise<Frame> {
    const id = this.#nextId++;
    const reply = new Promise<Frame>((answered) => this.#answers.set(id, answered));
    this.#socket.send(JSON.stringify({ ...frame, id }));
    const { ok, ...body } = await reply;
    if (ok !== true) throw new Error(`${frame.type} was refused: ${JSON.stringify(body.error)}`);
    return body as Frame;
  }

  async online(online: boolean): Promise<void> {
    await this.ask({ type: "availability", online });
  }

  /** Takes a conversation in this state, as soon as there is one. */
  async claim(wanted = "waiting"): Promise<void> {
    const row = await this.until(() => [...this.#rows.values()].find(({ state }) => state === wanted));
    this.conversation = row.id;
    await this.ask({ type: "claim", conversation: row.id });
  }

  async say(text: string): Promise<void> {
    await this.ask({ type: "send", conversation: this.conversation, key: `agent-${this.#nextId}`, text });
  }

  /** Many texts, as fast as the hub takes them. */
  async sayAll(texts: readonly string[]): Promise<void> {
    await Promise.all(texts.map((text) => this.say(text)));
  }

  async typing(on: boolean): Promise<void> {
    await this.ask({ type: "typing", conversation: this.conversation, on });
  }

  /** Has read everything. */
  async read(seq: number): Promise<void> {
    await this.ask({ type: "seen", conversation: this.conversation, read: seq });
  }

  async handOver(to: string | null): Promise<void> {
    await this.ask({ type: "assign", conversation: this.conversation, to });
  }

  async close(): Promise<void> {
    await this.ask({ type: "close", conversation: this.conversation });
  }

  /** The texts the visitor wrote, as they came here; with those from before by `open`. */
  async heardTexts(): Promise<string[]> {
    const { events } = (await this.ask({ type: "open", conversation: this.conversation })) as unknown as {
      events: { type: string; text: string; by: { kind: string } }[];
    };
    return events.flatMap(({ type, by, text }) => (type === "message" && by.kind === "visitor" ? [text] : []));
  }

  /** The latest push of a type. */
  last(type: string): Frame | undefined {
    return this.pushes.findLast((push) => push.type === type);
  }

  /** Waits for what a push will bring. */
  async until<T>(look: () => T | undefined): Promise<T> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (Date.now() >= deadline) throw new Error(`nothing came in ${PATIENCE_MS} ms`);
      await new Promise<void>((next) => {
        const timer = setTimeout(next, PATIENCE_MS);
        this.#waiting.add(() => {
          clearTimeout(timer);
          next();
        });
      });
    }
  }

  leave(): void {
    this.#socket.terminate();
  }

  #heard(frame: Frame): void {
    if (frame.type === "reply") this.#answers.get(frame.id as number)?.(frame);
    else this.pushes.push(frame);
    if (frame.type === "inbox") {
      const { upsert, remove } = frame as unknown as { upsert?: Row; remove?: string };
      if (upsert !== undefined) this.#rows.set(upsert.id, upsert);
      if (remove !== undefined) this.#rows.delete(remove);
    }
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }
}
