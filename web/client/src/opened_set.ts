import type { OkReply } from "./connection.js";
import type { Env } from "./env.js";
import type { AgentRequest, Conversation, Event } from "./generated.js";
import { Opened, type OpenedView } from "./opened.js";
import type { Refusal } from "./refusal.js";

export interface OpenedSetOptions {
  env: Env;
  live(): boolean;
  epoch(): string;
  request(request: AgentRequest, apply?: (reply: OkReply) => void): Promise<OkReply>;
  tell(request: AgentRequest): void;
  /** Events of a page, before anybody is shown them. */
  arrived(events: readonly Event[]): void;
  changed(): void;
}

const HISTORY_PAGE = 100;
const RETRY_MS = 1_000;

/**
 * The conversations an agent has open, asked for again after each reconnect until they are left or lost. A lost one is
 * opened again once it is back in sight: handed on to this agent, given back to Unassigned, or closed.
 */
export class OpenedSet {
  readonly #options: OpenedSetOptions;
  readonly #opened = new Map<string, Opened>();

  constructor(options: OpenedSetOptions) {
    this.#options = options;
  }

  get(id: string): Opened | undefined {
    return this.#opened.get(id);
  }

  open(id: string): void {
    const known = this.#opened.get(id);
    if (known !== undefined && !known.lost) return;
    const opened = this.#create(id);
    this.#opened.set(id, opened);
    this.#ask(opened);
    this.#options.changed();
  }

  /** It is in sight: had it been lost, it is asked for anew. */
  inSight(id: string): void {
    if (this.#opened.get(id)?.lost) this.open(id);
  }

  leave(id: string): void {
    const opened = this.#opened.get(id);
    if (opened === undefined) return;
    opened.rest();
    opened.visitorTyping.show(false);
    this.#opened.delete(id);
    this.#options.tell({ type: "leave", conversation: id });
    this.#options.changed();
  }

  async older(id: string): Promise<void> {
    const opened = this.#opened.get(id);
    const before = opened?.first;
    if (opened === undefined || before === undefined) return;
    const reply = await this.#options.request({ type: "history", conversation: id, before, limit: HISTORY_PAGE });
    opened.prepend(reply.events as Event[]);
    this.#options.changed();
  }

  /** The connection is live: everything is asked for from where it stands. */
  resume(): void {
    for (const opened of this.#opened.values()) if (!opened.lost) this.#ask(opened);
  }

  /** The connection is gone, and with it whoever was typing. */
  pause(): void {
    for (const opened of this.#opened.values()) opened.visitorTyping.show(false);
  }

  /** Nothing more is told of any. */
  rest(): void {
    for (const opened of this.#opened.values()) opened.rest();
  }

  views(): Map<string, OpenedView> {
    return new Map([...this.#opened].map(([id, opened]) => [id, opened.view()]));
  }

  #create(id: string): Opened {
    const { env, tell, changed } = this.#options;
    return new Opened(id, {
      env,
      changed,
      tellSeen: (conversation, marks) => tell({ type: "seen", conversation, ...marks }),
      tellTyping: (conversation, on, preview) =>
        tell({ type: "typing", conversation, on, ...(preview === undefined ? {} : { preview }) }),
    });
  }

  #ask(opened: Opened): void {
    const { live, request, epoch, arrived, changed } = this.#options;
    const { after, id } = opened;
    if (!live()) return;
    request({ type: "open", conversation: id, ...(after === undefined ? {} : { after }) }, (reply) => {
      if (this.#opened.get(id) !== opened) return;
      const onwards = after !== undefined && reply.recovered === true;
      opened.adopt(reply.conversation as Conversation, reply.events as Event[], epoch(), onwards);
      arrived(reply.events as Event[]);
      changed();
    }).catch((refusal: Refusal) => this.#refused(opened, refusal));
  }

  #refused(opened: Opened, refusal: Refusal): void {
    if (this.#opened.get(opened.id) !== opened || refusal.code === "disconnected") return;
    if (refusal.retryable) {
      this.#options.env.after(refusal.body.retry_after_ms ?? RETRY_MS, () => {
        if (this.#opened.get(opened.id) === opened && !opened.lost) this.#ask(opened);
      });
      return;
    }
    opened.lose(refusal.body.assignee ?? null, refusal.body.at ?? null);
    this.#options.changed();
  }
}
