import { applyAtDesk } from "./desk_fold.js";
import type { Env } from "./env.js";
import type { AgentRef, Conversation, Event, Marks, Summary } from "./generated.js";
import { ConversationLog } from "./log.js";
import { SeenSender } from "./seen.js";
import { TypingSender, TypingShown } from "./typing.js";

/** One opened conversation, as the screen shows it. */
export interface OpenedView {
  id: string;
  /** `lost`: it went out of sight; `lostTo` says to whom, when the hub said so. */
  status: "opening" | "open" | "lost";
  /** Null until the hub answered. */
  conversation: Conversation | null;
  events: readonly Event[];
  complete: boolean;
  /** The visitor is typing, and what they let us see of it. */
  typing: { preview: string | null } | null;
  /** Who else looks at it, while it is unassigned. */
  watching: readonly AgentRef[];
  lostTo: { assignee: AgentRef | null; at: number | null } | null;
}

export interface OpenedOptions {
  env: Env;
  tellSeen(id: string, marks: Marks): void;
  tellTyping(id: string, on: boolean, preview: string | undefined): void;
  changed(): void;
}

/** While it is so, more than one agent may look at it. */
const FREE: readonly Conversation["state"][] = ["waiting", "offline", "unassigned"];

/** The log, fold and receipts of one conversation that an agent has open. */
export class Opened {
  readonly id: string;
  readonly typing: TypingSender;
  readonly seen: SeenSender;
  readonly visitorTyping: TypingShown;
  #status: OpenedView["status"] = "opening";
  #conversation: Conversation | null = null;
  #log: ConversationLog | null = null;
  #watching: readonly AgentRef[] = [];
  #lostTo: OpenedView["lostTo"] = null;

  constructor(id: string, options: OpenedOptions) {
    this.id = id;
    this.typing = new TypingSender(options.env, (on, preview) => options.tellTyping(id, on, preview));
    this.seen = new SeenSender(options.env, (marks) => options.tellSeen(id, marks));
    this.visitorTyping = new TypingShown(options.env);
    this.visitorTyping.value.subscribe(() => options.changed());
  }

  get lost(): boolean {
    return this.#status === "lost";
  }

  get cursor(): number {
    return this.#log?.cursor ?? 0;
  }

  get first(): number | undefined {
    return this.#log?.complete === true ? undefined : this.#log?.first;
  }

  /** From where to go on after a reconnect. */
  get after(): { epoch: string; seq: number } | undefined {
    return this.#log === null ? undefined : { epoch: this.#log.epoch, seq: this.#log.cursor };
  }

  get conversation(): Conversation | null {
    return this.#conversation;
  }

  /** The answer to `open`: `onwards` when its events continue what is here. */
  adopt(conversation: Conversation, events: readonly Event[], epoch: string, onwards: boolean): void {
    this.#status = "open";
    this.#lostTo = null;
    this.#conversation = conversation;
    if (this.#log !== null && onwards) {
      this.#log.push(events);
    } else {
      this.#log ??= new ConversationLog(this.id, epoch);
      this.#log.reset(epoch, events, conversation.seq);
    }
    this.seen.synchronise(conversation.seen.agent);
    this.#fold(events);
  }

  push(events: readonly Event[]): void {
    if (this.#log === null) return;
    this.#log.push(events);
    this.#fold(events);
  }

  /** One's own text as its reply tells it. */
  place(event: Event, duplicate: boolean): void {
    this.#log?.place(event, duplicate);
    if (!duplicate) this.#fold([event]);
  }

  prepend(events: readonly Event[]): void {
    this.#log?.prepend(events);
  }

  /** What is kept beside the log: receipts, connection, page, counters, the place in the queue. */
  patch(change: (conversation: Conversation) => Partial<Conversation>): void {
    if (this.#conversation === null) return;
    this.#conversation = { ...this.#conversation, ...change(this.#conversation) };
  }

  /** The same, as the inbox's row tells it. */
  patchFrom({ visitor, page, unread, seen, position, state }: Summary): void {
    // A row need not know the place in the queue; while the chat waits, what `open` said of it stands.
    const place = position === null && state === "waiting" ? {} : { position };
    this.patch(() => ({ visitor, page, unread, seen, ...place }));
  }

  watch(agents: readonly AgentRef[]): void {
    this.#watching = agents;
  }

  lose(assignee: AgentRef | null, at: number | null): void {
    this.#status = "lost";
    this.#lostTo = { assignee, at };
    this.#watching = [];
    this.visitorTyping.show(false);
    this.rest();
  }

  /** Nothing more is told of it. */
  rest(): void {
    this.typing.stop();
    this.seen.reset();
  }

  view(): OpenedView {
    return {
      id: this.id,
      status: this.#status,
      conversation: this.#conversation,
      events: this.#log?.events ?? [],
      complete: this.#log?.complete ?? false,
      typing: this.visitorTyping.value.value,
      watching: this.#watching,
      lostTo: this.#lostTo,
    };
  }

  #fold(events: readonly Event[]): void {
    if (this.#conversation === null) return;
    this.#conversation = events.reduce(applyAtDesk, this.#conversation);
    // Whoever looked at it has lost sight of it, and the hub tells no more of them.
    if (!FREE.includes(this.#conversation.state)) this.#watching = [];
    const over = (event: Event): boolean => event.by.kind === "visitor" || event.type === "closed";
    if (events.some(over)) this.visitorTyping.show(false);
    this.seen.mark(this.cursor, 0);
  }
}
