import { isOpen, type OutboxStore, parseEntry, VisitorClient, type VisitorState } from "../../../client/src/index.js";
import type { Memory, Talk, TalkHost } from "../contract.js";
import { spoken, unreadAfter } from "./spoken.js";

/** What the names of unsent texts begin with. */
const UNSENT = "out:";

/** One visitor's chat on this page: the client, what the page's storage remembers of it, and what is unread. */
export class Session implements Talk {
  readonly client: VisitorClient;
  readonly #host: TalkHost;
  readonly #cleanups: (() => void)[] = [];
  #shown = false;
  #asked = false;
  #unread = 0;
  #heard: { conversation: string; seq: number } | null = null;
  #told = "";

  constructor(host: TalkHost) {
    this.#host = host;
    this.client = new VisitorClient({
      url: new URL("v1/visitor", host.hub).href.replace(/^http/, "ws"),
      playbook: host.playbook,
      tokens: { get: () => host.memory.get("token"), set: (token) => host.memory.set("token", token) },
      outbox: unsent(host.memory),
      page: host.page(),
      locale: navigator.language,
      identity: host.identity,
      renewIdentity: () => host.emit("identify", undefined),
    });
    this.#cleanups.push(this.client.state.subscribe((state) => this.#changed(state)));
    this.#listen(window, "online", () => this.client.nudge());
    this.#listen(window, "pageshow", () => this.client.nudge());
    this.#listen(document, "visibilitychange", () => this.#looked());
    this.#listen(window, "storage", () => this.#changed(this.client.state.value));
    // Only the Navigation API tells of `pushState`.
    const { navigation } = window as { navigation?: EventTarget };
    this.#listen(navigation ?? window, navigation ? "navigatesuccess" : "popstate", () => this.#moved());
    this.client.connect();
  }

  /** The panel is in front of the visitor, or not. */
  show(shown: boolean): void {
    this.#shown = shown;
    this.#changed(this.client.state.value);
  }

  destroy(): void {
    for (const cleanup of this.#cleanups) cleanup();
    this.client.disconnect();
  }

  #changed(state: VisitorState): void {
    this.#begin(state);
    const { conversation, events } = state;
    if (conversation === null) {
      if (state.playbook !== null) this.#host.memory.set("live", null);
      return;
    }
    this.#host.memory.set("live", isOpen(conversation) ? conversation.id : null);
    const last = events.at(-1)?.seq ?? 0;
    if (this.#shown && document.visibilityState === "visible" && last > this.#readUpTo(conversation.id)) {
      this.#host.memory.set("read", `${conversation.id}:${last}`);
      this.client.read();
    }
    this.#count(unreadAfter(events, this.#readUpTo(conversation.id)));
    this.#announce(state);
  }

  /** A playbook begins when the visitor opens the panel and nothing is there yet. */
  #begin(state: VisitorState): void {
    const empty = state.connection.kind === "live" && state.conversation === null;
    if (!empty) this.#asked = false;
    if (!empty || !this.#shown || this.#asked) return;
    this.#asked = true;
    this.client.start();
  }

  #readUpTo(conversation: string): number {
    const [id, seq] = (this.#host.memory.get("read") ?? "").split(":");
    return id === conversation ? Number(seq) || 0 : 0;
  }

  #count(unread: number): void {
    if (unread === this.#unread) return;
    this.#unread = unread;
    this.#host.emit("unread", unread);
  }

  /** Tells the page what is new since the last look; what was there when the panel came is no news. */
  #announce({ conversation, events }: VisitorState): void {
    if (conversation === null) return;
    if (conversation.state !== this.#told) {
      this.#told = conversation.state;
      this.#host.emit("state", conversation.state);
    }
    const heard = this.#heard?.conversation === conversation.id ? this.#heard.seq : Number.POSITIVE_INFINITY;
    for (const event of events) {
      if (event.seq <= heard || !spoken(event) || event.by.kind === "visitor") continue;
      const from = event.by.kind === "agent" ? event.by.name : this.#host.botName;
      this.#host.emit("message", { from, text: event.text });
    }
    this.#heard = { conversation: conversation.id, seq: events.at(-1)?.seq ?? 0 };
  }

  #looked(): void {
    if (document.visibilityState !== "visible") return;
    this.client.nudge();
    this.#changed(this.client.state.value);
  }

  #moved(): void {
    const page = this.#host.page();
    if (page !== undefined) this.client.page(page);
  }

  #listen(target: EventTarget, name: string, listener: () => void): void {
    target.addEventListener(name, listener);
    this.#cleanups.push(() => target.removeEventListener(name, listener));
  }
}

/** Unsent texts, one name each, so that two tabs do not overwrite each other's. */
function unsent(memory: Memory): OutboxStore {
  return {
    load: () =>
      memory.names().flatMap((name) => {
        const entry = name.startsWith(UNSENT) ? parseEntry(memory.get(name)) : undefined;
        return entry === undefined ? [] : [entry];
      }),
    put: (entry) => memory.set(UNSENT + entry.key, JSON.stringify(entry)),
    remove: (key) => memory.set(UNSENT + key, null),
  };
}
