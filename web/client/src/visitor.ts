import { Beginning } from "./beginning.js";
import { ClockOffset } from "./clock.js";
import { Connection, type ConnectionState, type OkReply } from "./connection.js";
import { type Env, hostEnv } from "./env.js";
import { applyEvents, conversationFrom, isOpen } from "./fold.js";
import type { Conversation, Event, Marks, Page, VisitorHelloReply, VisitorPush, VisitorRequest } from "./generated.js";
import { ConversationLog } from "./log.js";
import { type Committed, committedBy, Outbox } from "./outbox.js";
import type { OutboxEntry } from "./outbox_store.js";
import { Refusal } from "./refusal.js";
import { SeenSender } from "./seen.js";
import { Signal } from "./signal.js";
import { TypingSender, TypingShown } from "./typing.js";
import type { VisitorOptions } from "./visitor_options.js";
import type { Answer, VisitorState } from "./visitor_state.js";

/** The most a hub gives at once. */
const HISTORY_PAGE = 100;

/** One visitor on one page: their conversation, kept whole across reconnects. */
export class VisitorClient {
  readonly state: Signal<VisitorState>;
  readonly clock: ClockOffset;
  readonly #options: VisitorOptions;
  readonly #env: Env;
  readonly #connection: Connection<VisitorRequest>;
  readonly #outbox: Outbox;
  readonly #typing: TypingSender;
  readonly #agentTyping: TypingShown;
  readonly #beginning: Beginning;
  readonly #seen: SeenSender;
  #page: Page | undefined;
  #identity: string | undefined;
  #hello: VisitorHelloReply | null = null;
  #conversation: Conversation | null = null;
  #log: ConversationLog | null = null;
  #askedAfter = false;
  #forgotToken = false;

  constructor(options: VisitorOptions) {
    const env = options.env ?? hostEnv();
    this.#options = options;
    this.#env = env;
    this.#page = options.page;
    this.#identity = options.identity;
    this.clock = new ClockOffset(() => env.now());
    this.#beginning = new Beginning({
      env,
      live: () => this.#connection.live,
      open: () => isOpen(this.#conversation),
      start: (apply) => this.#connection.request({ type: "start" }, apply),
      onStarted: (reply) => this.#started(reply),
      changed: () => this.#publish(),
    });
    this.#connection = new Connection({
      url: options.url,
      env,
      hello: () => this.#helloFrame(),
      onHello: (reply, sentAt) => this.#welcomed(reply as unknown as VisitorHelloReply, sentAt),
      onPush: (push) => this.#pushed(push as VisitorPush),
      onStop: (code) => this.#mayComeBack(code),
    });
    this.#outbox = new Outbox({
      env,
      store: options.outbox,
      deliver: (entry, committed) => this.#deliver(entry, committed),
      onCommitted: (entry, how) => this.#committed(entry, how),
    });
    this.#typing = new TypingSender(env, (on, preview) => this.#tell({ type: "typing", on, preview }));
    this.#agentTyping = new TypingShown(env);
    this.#seen = new SeenSender(env, (marks) => this.#tell({ type: "seen", ...marks }));
    this.state = new Signal(this.#snapshot());
    this.#connection.state.subscribe((state) => this.#connectionChanged(state));
    this.#outbox.entries.subscribe(() => this.#publish());
    this.#agentTyping.value.subscribe(() => this.#publish());
  }

  /** Connects; also out of `stopped`, when the person asks for it. */
  connect(): void {
    this.#connection.open();
  }

  disconnect(): void {
    this.#beginning.rest();
    this.#seen.reset();
    this.#connection.close();
  }

  /** The network is back, or the page is visible again. */
  nudge(): void {
    this.#connection.nudge();
  }

  /** Who the site says the visitor is; from the next `hello` on, which is at once when connected. */
  identify(identity: string): void {
    this.#identity = identity;
    const { kind } = this.#connection.state.value;
    if (kind !== "idle") this.#connection.restart();
  }

  /** Opens a conversation as soon as that is possible, unless one is open then. */
  start(): void {
    this.#beginning.want();
  }

  /** Answers a card. Its key is that of the question, so that an answer tried again, by whichever tab, counts once. */
  async answer(card: string, answer: Answer): Promise<void> {
    const { id } = this.#mine();
    const asked = this.#log?.events.findLast((event) => event.type === "card" && event.card === card);
    await this.#connection.request({ type: "answer", conversation: id, card, ...answer, key: `card-${asked?.seq}` });
  }

  /** Takes a text into the outbox; it goes out now or when the connection is back. */
  send(text: string): void {
    this.#typing.stop();
    this.#outbox.add(this.#mine().id, "send", text);
  }

  retry(key: string): void {
    this.#outbox.retry(key);
  }

  discard(key: string): void {
    this.#outbox.discard(key);
  }

  /** The text box holds `text` now. */
  typed(text: string): void {
    this.#typing.typed(text, this.#hello?.playbook.typing_preview === true);
  }

  /** Everything shown so far was read. */
  read(): void {
    if (this.#log !== null) this.#seen.mark(this.#log.cursor, this.#log.cursor);
  }

  /** The visitor went to another page of the site without a reload. */
  page(page: Page): void {
    this.#page = page;
    this.#connection.tell({ type: "page", ...page });
  }

  async rate(score: number, comment = ""): Promise<void> {
    await this.#connection.request({ type: "rate", conversation: this.#mine().id, score, comment });
  }

  async end(): Promise<void> {
    await this.#connection.request({ type: "end", conversation: this.#mine().id });
  }

  /** Fetches an older page; `state.complete` says when there is none. */
  async older(): Promise<void> {
    const log = this.#log;
    if (log === null || log.complete || log.first === undefined) return;
    const reply = await this.#connection.request({
      type: "history",
      conversation: log.id,
      before: log.first,
      limit: HISTORY_PAGE,
    });
    log.prepend(reply.events as Event[]);
    this.#publish();
  }

  // === hello ===

  #helloFrame(): VisitorRequest {
    const log = this.#log;
    const token = this.#options.tokens.get();
    this.#askedAfter = log !== null && token !== null;
    const { playbook, locale } = this.#options;
    // What is undefined is not sent.
    return {
      type: "hello",
      playbook,
      token: token ?? undefined,
      identity: this.#identity,
      page: this.#page,
      locale,
      after: this.#askedAfter && log !== null ? { conversation: log.id, epoch: log.epoch, seq: log.cursor } : undefined,
    };
  }

  #welcomed(reply: VisitorHelloReply, sentAt: number): void {
    this.clock.observe(reply.server_time, sentAt, true);
    this.#options.tokens.set(reply.token);
    this.#hello = reply;
    if (reply.conversation === null) this.#forgetConversation();
    else this.#adopt(reply.conversation, reply.events, reply.epoch, this.#askedAfter && reply.recovered);
    // Only the open conversation can still take texts: what was written for another has nowhere to go.
    for (const entry of this.#outbox.entries.value) {
      if (entry.conversation !== reply.conversation?.id) this.#outbox.discard(entry.key);
    }
    this.#publish();
  }

  /** A refused token is forgotten, once: the next `hello` makes a new visitor. */
  #mayComeBack(code: number): boolean {
    if (code !== 4502 || this.#forgotToken || this.#options.tokens.get() === null) return false;
    this.#forgotToken = true;
    this.#options.tokens.set(null);
    this.#forgetConversation();
    this.#publish();
    return true;
  }

  #connectionChanged(state: ConnectionState): void {
    if (state.kind === "live") {
      this.#outbox.resume();
      this.#beginning.proceed();
    } else {
      this.#outbox.pause();
      this.#agentTyping.show(false);
    }
    this.#publish();
  }

  // === events ===

  #started(reply: OkReply): void {
    this.#adopt(reply.conversation as Conversation, reply.events as Event[], this.#hello?.epoch ?? "", true);
    this.#publish();
  }

  #pushed(push: VisitorPush): void {
    switch (push.type) {
      case "events":
        this.#arrived(push.conversation, push.events);
        break;
      case "typing":
        if (push.conversation === this.#log?.id) this.#agentTyping.show(push.on);
        break;
      case "seen":
        this.#patch(push.conversation, (conversation) => ({
          seen: { ...conversation.seen, [push.by]: { received: push.received, read: push.read } },
        }));
        break;
      case "available":
        if (this.#hello !== null) this.#hello = { ...this.#hello, available: push.available, reason: push.reason };
        break;
      case "queue":
        this.#patch(push.conversation, () => ({ position: push.position }));
        break;
      default:
        return;
    }
    this.#publish();
  }

  #arrived(id: string, events: Event[]): void {
    if (this.#log?.id !== id) {
      const first = events[0];
      if (first?.type !== "started") return;
      this.#adopt(conversationFrom(id, first), events, this.#hello?.epoch ?? "", false);
    } else {
      this.#log.push(events);
    }
    this.#fold(events);
  }

  /** Takes over a conversation from a reply: `onwards` when the events continue what is here. */
  #adopt(conversation: Conversation, events: readonly Event[], epoch: string, onwards: boolean): void {
    if (this.#log?.id !== conversation.id) {
      this.#seen.reset();
      this.#log = null;
      this.#agentTyping.show(false);
    }
    this.#conversation = conversation;
    if (this.#log !== null && onwards) {
      this.#log.push(events);
    } else {
      this.#log ??= new ConversationLog(conversation.id, epoch);
      this.#log.reset(epoch, events, conversation.seq);
    }
    this.#seen.synchronise(conversation.seen.visitor);
    this.#fold(events);
  }

  #fold(events: readonly Event[]): void {
    if (this.#conversation === null || this.#log === null) return;
    this.#conversation = applyEvents(this.#conversation, events);
    this.#outbox.settle(events.flatMap((event) => (event.type === "message" && event.key ? [event.key] : [])));
    if (events.some((event) => event.by.kind === "agent")) this.#agentTyping.show(false);
    this.#seen.mark(this.#log.cursor, 0);
  }

  #patch(id: string, change: (conversation: Conversation) => Partial<Conversation>): void {
    if (this.#conversation?.id !== id) return;
    this.#conversation = { ...this.#conversation, ...change(this.#conversation) };
  }

  #forgetConversation(): void {
    this.#conversation = null;
    this.#log = null;
    this.#seen.reset();
  }

  // === sending ===

  #deliver(entry: OutboxEntry, committed: (how: Committed) => void): Promise<OkReply> {
    const { conversation, key, text } = entry;
    return this.#connection.request({ type: "send", conversation, key, text }, (reply) =>
      committed(committedBy(reply)),
    );
  }

  #committed(entry: OutboxEntry, { seq, at, duplicate }: Committed): void {
    if (this.#log === null || this.#log.id !== entry.conversation) return;
    const event: Event = { type: "message", seq, at, by: { kind: "visitor" }, key: entry.key, text: entry.text };
    this.#log.place(event, duplicate);
    if (!duplicate) this.#fold([event]);
    this.#publish();
  }

  /** Of the conversation; while there is none it is of no use. */
  #tell(frame: { type: "typing"; on: boolean; preview: string | undefined } | ({ type: "seen" } & Marks)): void {
    if (this.#log !== null) this.#connection.tell({ ...frame, conversation: this.#log.id });
  }

  #mine(): Conversation {
    if (this.#conversation === null) throw new Refusal("not_found", { message: "There is no conversation yet." });
    return this.#conversation;
  }

  // === the observable state ===

  #snapshot(): VisitorState {
    const id = this.#conversation?.id;
    return {
      connection: this.#connection.state.value,
      playbook: this.#hello?.playbook ?? null,
      limits: this.#hello?.limits ?? null,
      available: this.#hello?.available ?? null,
      availableReason: this.#hello?.reason ?? null,
      conversation: this.#conversation,
      events: this.#log?.events ?? [],
      complete: this.#log?.complete ?? true,
      unsent: this.#outbox.entries.value.filter((entry) => entry.conversation === id),
      agentTyping: this.#agentTyping.value.value !== null,
      trouble: this.#beginning.trouble,
    };
  }

  #publish(): void {
    this.state.set(this.#snapshot());
  }
}
