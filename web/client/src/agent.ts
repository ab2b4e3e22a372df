import type { AgentOptions, ListQuery } from "./agent_options.js";
import type { AgentState, NotifyPush } from "./agent_state.js";
import { CheckedConnection } from "./checked.js";
import { ClockOffset } from "./clock.js";
import type { ConnectionState, Frame, OkReply } from "./connection.js";
import { type Env, hostEnv } from "./env.js";
import type {
  Agent,
  AgentHelloReply,
  AgentPush,
  AgentRequest,
  CountsChanged,
  DetailsPatch,
  Event,
  Folder,
  ItemFields,
  ItemKind,
  Settings,
  Summary,
} from "./generated.js";
import { CONTRACT_LIMITS } from "./limits.js";
import { OpenedSet } from "./opened_set.js";
import { type Committed, committedBy, Outbox } from "./outbox.js";
import { memoryStore, type OutboxEntry } from "./outbox_store.js";
import { Refusal } from "./refusal.js";
import { InboxRows } from "./rows.js";
import { Listeners, Signal } from "./signal.js";

/** One agent on one device: rows, opened conversations and what is to be done with them. */
export class AgentClient {
  readonly state: Signal<AgentState>;
  readonly clock: ClockOffset;
  /** Each `notify` push; the receiver answers with {@link notified}. */
  readonly notifications = new Listeners<NotifyPush>();
  /** Conversations that go out of sight, by their ids. */
  readonly outOfSight = new Listeners<string>();
  readonly #env: Env;
  readonly #connection: CheckedConnection;
  readonly #outbox: Outbox;
  readonly #rows = new InboxRows();
  readonly #opened: OpenedSet;
  readonly #listed = new Set<Folder>();
  #token: string;
  #hello: AgentHelloReply | null = null;
  #online = false;
  #settings: Settings | null = null;
  #agents: readonly Agent[] = [];
  #counts: CountsChanged = {};
  #folders: AgentState["folders"] = { unassigned: [], mine: [], closed: [], all: [] };

  constructor(options: AgentOptions) {
    const env = options.env ?? hostEnv();
    this.#env = env;
    this.#token = options.token;
    this.clock = new ClockOffset(() => env.now());
    this.#connection = new CheckedConnection({
      url: options.url,
      env,
      hello: () => asFrame({ type: "hello", token: this.#token }),
      onHello: (reply, sentAt) => this.#welcomed(reply as unknown as AgentHelloReply, sentAt),
      onPush: (push) => this.#pushed(push as AgentPush),
    });
    this.#outbox = new Outbox({
      env,
      store: options.outbox ?? memoryStore(),
      deliver: (entry, committed) => this.#deliver(entry, committed),
      onCommitted: (entry, how) => this.#committed(entry, how),
    });
    this.#opened = new OpenedSet({
      env,
      live: () => this.#connection.live,
      epoch: () => this.#hello?.epoch ?? "",
      request: (request, apply) => this.#request(request, apply),
      tell: (request) => this.#connection.tell(asFrame(request)),
      arrived: (events) => this.#settle(events),
      changed: () => this.#publish(),
    });
    this.state = new Signal(this.#snapshot());
    this.#connection.state.subscribe((state) => this.#connectionChanged(state));
    this.#outbox.entries.subscribe(() => this.#publish());
  }

  /** Connects; also out of `stopped`, when the person asks for it. */
  connect(): void {
    this.#connection.open();
  }

  disconnect(): void {
    this.#opened.rest();
    this.#connection.close();
  }

  /** The network is back, or the page is visible again. */
  nudge(): void {
    this.#connection.nudge();
  }

  /** A newer token of the same agent: extends the live session in band, or signs in again after 4502. */
  async renew(token: string): Promise<void> {
    this.#token = token;
    if (!this.#connection.live) {
      this.#connection.open();
      return;
    }
    const sentAt = this.#env.now();
    await this.#request({ type: "hello", token }, (reply) => {
      const hello = reply as unknown as AgentHelloReply;
      this.clock.observe(hello.server_time, sentAt, false);
      this.#hello = hello;
      this.#publish();
    });
  }

  // === what an agent may ask; each rejects with a Refusal ===

  /** The switch; `agent` is somebody else's, for an admin. */
  async availability(online: boolean, agent?: string): Promise<void> {
    await this.#request({ type: "availability", online, ...(agent === undefined ? {} : { agent }) }, () => {
      if (agent === undefined || agent === this.#hello?.agent.id) this.#online = online;
      this.#publish();
    });
  }

  async settings(notify: Settings["notify"]): Promise<void> {
    await this.#request({ type: "settings", notify }, () => {
      this.#settings = { ...this.#settings, notify };
      this.#publish();
    });
  }

  /**
   * One page of a folder, in the hub's order; its rows join `state.folders`. Those of a `query` do as well, so that they
   * stay as they are in the hub and go when they are out of sight.
   */
  async list(folder: Folder, query: ListQuery = {}): Promise<{ conversations: Summary[]; next: string | null }> {
    const reply = await this.#request({ type: "list", folder, ...query }, (answer) => {
      if (query.query === undefined) this.#listed.add(folder);
      for (const row of answer.conversations as Summary[]) {
        if (this.#rows.upsert(row)) this.#opened.inSight(row.id);
      }
      this.#sorted();
    });
    return { conversations: reply.conversations as Summary[], next: (reply.next as string | null) ?? null };
  }

  /** Follows a conversation, now and after each reconnect, until `leave`. `state.opened` shows it. */
  open(conversation: string): void {
    this.#opened.open(conversation);
  }

  leave(conversation: string): void {
    this.#opened.leave(conversation);
  }

  /** Fetches an older page of an opened conversation; `complete` says when there is none. */
  async older(conversation: string): Promise<void> {
    await this.#opened.older(conversation);
  }

  /** Rejects with `conflict`, naming `assignee` and `at`, when somebody else was first. */
  async claim(conversation: string): Promise<void> {
    await this.#request({ type: "claim", conversation });
  }

  /** `to`: an agent's id, or null for Unassigned. */
  async assign(conversation: string, to: string | null): Promise<void> {
    await this.#request({ type: "assign", conversation, to });
  }

  send(conversation: string, text: string): void {
    this.#opened.get(conversation)?.typing.stop();
    this.#outbox.add(conversation, "send", text);
  }

  note(conversation: string, text: string): void {
    this.#outbox.add(conversation, "note", text);
  }

  retry(key: string): void {
    this.#outbox.retry(key);
  }

  discard(key: string): void {
    this.#outbox.discard(key);
  }

  /** The text box of an opened conversation holds `text` now. */
  typed(conversation: string, text: string): void {
    this.#opened.get(conversation)?.typing.typed(text, false);
  }

  /** Everything shown of it so far was read. */
  read(conversation: string): void {
    const opened = this.#opened.get(conversation);
    if (opened === undefined || opened.lost) return;
    opened.seen.mark(opened.cursor, opened.cursor);
    if (this.#rows.get(conversation)?.unread) {
      this.#rows.patch(conversation, () => ({ unread: 0 }));
      this.#sorted();
    }
  }

  async details(conversation: string, details: DetailsPatch): Promise<void> {
    await this.#request({ type: "details", conversation, details });
  }

  /**
   * Makes a lead, deal or activity and answers its id. The default key counts the ones of this kind, so that a double
   * click, or two agents at once, make one.
   */
  async item(
    conversation: string,
    kind: ItemKind,
    title: string,
    more: { key?: string; fields?: ItemFields } = {},
  ): Promise<string> {
    const made = this.#opened.get(conversation)?.conversation?.items?.filter((item) => item.kind === kind) ?? [];
    const key = more.key ?? `${kind}-${made.length + 1}`;
    const fields = more.fields === undefined ? {} : { fields: more.fields };
    const reply = await this.#request({ type: "item", conversation, kind, title, key, ...fields });
    return reply.item as string;
  }

  async close(conversation: string): Promise<void> {
    await this.#request({ type: "close", conversation });
  }

  /** What became of a `notify`. */
  notified(push: NotifyPush, outcome: "shown" | "blocked" | "hidden"): void {
    const { conversation, reason } = push;
    this.#connection.tell(asFrame({ type: "notified", conversation, reason, outcome }));
  }

  // === hello ===

  #welcomed(reply: AgentHelloReply, sentAt: number): void {
    this.clock.observe(reply.server_time, sentAt, true);
    this.#hello = reply;
    this.#connection.limits = { ...CONTRACT_LIMITS, ...reply.limits };
    this.#online = reply.online;
    this.#settings = reply.settings;
    this.#agents = reply.agents;
    this.#counts = reply.counts;
    const rows = [...reply.unassigned, ...reply.mine];
    this.#rows.reset(rows);
    for (const row of rows) this.#opened.inSight(row.id);
    this.#sorted();
  }

  #connectionChanged(state: ConnectionState): void {
    if (state.kind === "live") {
      this.#opened.resume();
      // The sign-in brought the first rows of Unassigned and Mine; what else was on screen is asked for again.
      for (const folder of this.#listed) this.list(folder).catch(ignoreRefusal);
      this.#outbox.resume();
    } else {
      this.#outbox.pause();
      this.#opened.pause();
    }
    this.#publish();
  }

  // === pushes ===

  #pushed(push: AgentPush): void {
    switch (push.type) {
      case "events":
        this.#opened.inSight(push.conversation);
        this.#opened.get(push.conversation)?.push(push.events);
        this.#settle(push.events);
        if (this.#rows.fold(push.conversation, push.events)) this.#sorted();
        break;
      case "inbox":
        this.#inboxChanged(push);
        break;
      case "presence":
        this.#present(push.agent);
        break;
      case "notify":
        this.notifications.emit(push);
        return;
      case "typing":
        this.#opened.get(push.conversation)?.visitorTyping.show(push.on, push.preview);
        break;
      case "seen": {
        const marks = { received: push.received, read: push.read };
        this.#beside(push.conversation, (row) => ({ seen: { ...row.seen, [push.by]: marks } }));
        break;
      }
      case "visitor": {
        const { connected, page } = push;
        const moved = page ? { page } : {};
        this.#beside(push.conversation, (row) => ({ visitor: { ...row.visitor, connected }, ...moved }));
        break;
      }
      case "watching":
        this.#opened.get(push.conversation)?.watch(push.agents);
        break;
      default:
        return;
    }
    this.#publish();
  }

  #inboxChanged(push: Extract<AgentPush, { type: "inbox" }>): void {
    if (push.counts) this.#counts = { ...this.#counts, ...push.counts };
    if (push.upsert && this.#rows.upsert(push.upsert)) {
      this.#opened.inSight(push.upsert.id);
      this.#opened.get(push.upsert.id)?.patchFrom(push.upsert);
    }
    if (typeof push.remove === "string" && this.#rows.remove(push.remove, push.seq ?? 0)) {
      this.#opened.get(push.remove)?.lose(push.assignee ?? null, push.at ?? null);
      this.outOfSight.emit(push.remove);
    }
    this.#sorted();
  }

  #present(agent: Agent): void {
    const known = this.#agents.find((one) => one.id === agent.id);
    const updated = { ...known, ...agent };
    this.#agents =
      known === undefined
        ? [...this.#agents, updated]
        : this.#agents.map((one) => (one.id === agent.id ? updated : one));
    // Set on another device, or by an admin: `offline` is the switch, `away` is not.
    if (agent.id === this.#hello?.agent.id) this.#online = agent.status !== "offline";
  }

  #beside(id: string, change: (row: Summary) => Partial<Summary>): void {
    this.#opened.get(id)?.patch(change);
    if (this.#rows.patch(id, change)) this.#sorted();
  }

  // === sending ===

  #settle(events: readonly Event[]): void {
    this.#outbox.settle(
      events.flatMap((event) => ((event.type === "message" || event.type === "note") && event.key ? [event.key] : [])),
    );
  }

  #deliver(entry: OutboxEntry, committed: (how: Committed) => void): Promise<OkReply> {
    const { kind, conversation, key, text } = entry;
    return this.#request({ type: kind, conversation, key, text }, (reply) => committed(committedBy(reply)));
  }

  #committed(entry: OutboxEntry, { seq, at, duplicate }: Committed): void {
    const me = this.#hello?.agent;
    const by = { kind: "agent", id: me?.id ?? "", name: me?.name ?? "" } as const;
    const type = entry.kind === "note" ? "note" : "message";
    const event: Event = { type, seq, at, by, key: entry.key, text: entry.text };
    this.#opened.get(entry.conversation)?.place(event, duplicate);
    if (!duplicate && this.#rows.fold(entry.conversation, [event])) this.#sorted();
    this.#publish();
  }

  #request(request: AgentRequest, apply?: (reply: OkReply) => void): Promise<OkReply> {
    return this.#connection.request(asFrame(request), apply);
  }

  // === the observable state ===

  #sorted(): void {
    const me = this.#hello?.agent.id ?? "";
    this.#folders = {
      unassigned: this.#rows.folder("unassigned", me),
      mine: this.#rows.folder("mine", me),
      closed: this.#rows.folder("closed", me),
      all: this.#rows.folder("all", me),
    };
    this.#publish();
  }

  #snapshot(): AgentState {
    return {
      connection: this.#connection.state.value,
      me: this.#hello?.agent ?? null,
      online: this.#online,
      settings: this.#settings,
      agents: this.#agents,
      counts: this.#counts,
      folders: this.#folders,
      opened: this.#opened.views(),
      unsent: this.#outbox.entries.value,
    };
  }

  #publish(): void {
    this.state.set(this.#snapshot());
  }
}

function asFrame(request: AgentRequest): Frame {
  return request;
}

function ignoreRefusal(reason: unknown): void {
  if (!(reason instanceof Refusal)) throw reason;
}
