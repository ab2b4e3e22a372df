import { once } from "node:events";
import WebSocket from "ws";
import type { Hub } from "./hub";

type Frame = { type: string; id?: number } & Record<string, unknown>;

/** A visitor without a browser: one socket, for tests that need hundreds of them or thousands of texts. */
export class Caller {
  readonly conversation: string;
  readonly #socket: WebSocket;
  readonly #answers: Map<number, (reply: Frame) => void>;
  #nextId = 10;

  private constructor(socket: WebSocket, answers: Map<number, (reply: Frame) => void>, conversation: string) {
    this.#socket = socket;
    this.#answers = answers;
    this.conversation = conversation;
  }

  /** Asks for somebody, and has told their first text. */
  static async call(hub: Hub, text: string): Promise<Caller> {
    const socket = new WebSocket(`${hub.origin.replace("http", "ws")}/v1/visitor`, { origin: hub.origin });
    const answers = new Map<number, (reply: Frame) => void>();
    socket.on("message", (data) => {
      const frame = JSON.parse(String(data)) as Frame;
      if (frame.type === "reply") answers.get(frame.id as number)?.(frame);
    });
    await once(socket, "open");
    const ask = (frame: Frame & { id: number }) => {
      const reply = new Promise<Frame>((answered) => answers.set(frame.id, answered));
      socket.send(JSON.stringify(frame));
      return reply;
    };
    await ask({ type: "hello", id: 1, playbook: "pb_demo", page: { url: `${hub.origin}/demo`, title: "Demo" } });
    const { conversation } = (await ask({ type: "start", id: 2 })) as unknown as { conversation: { id: string } };
    await ask({ type: "answer", id: 3, conversation: conversation.id, card: "hello", option: "talk", key: "talk" });
    const caller = new Caller(socket, answers, conversation.id);
    await caller.say(text);
    return caller;
  }

  /** Throws when the hub refuses it. */
  async say(text: string): Promise<void> {
    const id = this.#nextId++;
    const reply = new Promise<Frame>((answered) => this.#answers.set(id, answered));
    this.#socket.send(JSON.stringify({ type: "send", id, conversation: this.conversation, key: `k${id}`, text }));
    const { ok, error } = await reply;
    this.#answers.delete(id);
    if (ok !== true) throw new Error(`the text was refused: ${JSON.stringify(error)}`);
  }

  leave(): void {
    this.#socket.terminate();
  }
}
