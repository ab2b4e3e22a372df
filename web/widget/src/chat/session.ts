import { type Event, isOpen, VisitorClient, type VisitorState } from "../../../client/src/index.js";
import type { ChatHost } from "../contract.js";
import type { Memory } from "./memory.js";
import { currentPage } from "./page.js";
import { unreadAfter } from "./spoken.js";
import { Teller } from "./teller.js";
import { Title } from "./title.js";
import { unsentTexts } from "./unsent.js";

/** One visitor's chat on this page: the client, what the page's storage remembers of it, and what is unread. */
export class Session {
  readonly client: VisitorClient;
  readonly #memory: Memory;
  readonly #news: (events: readonly Event[]) => void;
  readonly #teller: Teller;
  readonly #title = new Title();
  readonly #gone = new AbortController();
  #shown = false;
  #asked = false;
  #unread = 0;
  #heard: { conversation: string; seq: number } | undefined;

  /** `news`: what happened since the last look; what was there when the chat came is none. */
  constructor(host: ChatHost, memory: Memory, news: (events: readonly Event[]) => void) {
    this.#memory = memory;
    this.#news = news;
    this.#teller = new Teller(host.emit, host.appearance.bot_name);
    this.client = new VisitorClient({
      url: `${host.hub.replace("http", "ws")}v1/visitor`,
      playbook: host.playbook,
      tokens: { get: () => memory.get("token"), set: (token) => memory.set("token", token) },
      outbox: unsentTexts(memory),
      page: this.#page(),
      locale: navigator.language,
      identity: host.identity,
    });
    this.client.state.subscribe((state) => this.#changed(state));
    this.#listen(window, "online", () => this.client.nudge());
    this.#listen(window, "pageshow", () => this.client.nudge());
    this.#listen(document, "visibilitychange", () => this.#looked());
    this.#listen(window, "storage", () => this.#changed(this.client.state.value));
    // Only the Navigation API tells of `pushState`.
    const { navigation } = window as { navigation?: EventTarget };
    this.#listen(navigation ?? window, navigation ? "navigatesuccess" : "popstate", () => this.#moved());
    this.client.connect();
  }

  /** Whether what comes now is seen as it comes. */
  get watched(): boolean {
    return this.#shown && document.visibilityState === "visible";
  }

  get unread(): number {
    return this.#unread;
  }

  /** The chat is in front of the visitor, or not. */
  show(shown: boolean): void {
    this.#shown = shown;
    this.#changed(this.client.state.value);
  }

  destroy(): void {
    this.#gone.abort();
    this.client.disconnect();
    this.#title.count(0);
  }

  #changed(state: VisitorState): void {
    this.#begin(state);
    this.#teller.changed(state);
    const { conversation, events, playbook } = state;
    // Nothing is known before the first hello.
    if (playbook === null) return;
    const id = conversation?.id ?? "";
    this.#memory.set("live", isOpen(conversation) ? id : null);
    const last = events.at(-1)?.seq ?? 0;
    if (this.watched && last > this.#readUpTo(id)) {
      this.#memory.set("read", `${id}:${last}`);
      this.client.read();
    }
    this.#count(unreadAfter(events, this.#readUpTo(id)));
    this.#hear(id, events);
  }

  /** A playbook begins when the visitor opens the chat and nothing is there yet. */
  #begin(state: VisitorState): void {
    const empty = state.connection.kind === "live" && state.conversation === null;
    if (!empty) this.#asked = false;
    if (!empty || !this.#shown || this.#asked) return;
    this.#asked = true;
    this.client.start();
  }

  #hear(conversation: string, events: readonly Event[]): void {
    const before = this.#heard;
    this.#heard = { conversation, seq: events.at(-1)?.seq ?? 0 };
    if (before === undefined) return;
    const from = before.conversation === conversation ? before.seq : 0;
    const fresh = events.filter((event) => event.seq > from);
    if (fresh.length === 0) return;
    for (const event of fresh) this.#teller.heard(event);
    this.#news(fresh);
  }

  #readUpTo(conversation: string): number {
    const [id, seq] = (this.#memory.get("read") ?? "").split(":");
    return id === conversation ? Number(seq) || 0 : 0;
  }

  #count(unread: number): void {
    this.#title.count(document.visibilityState === "visible" ? 0 : unread);
    if (unread === this.#unread) return;
    this.#unread = unread;
    this.#teller.tell("unread", unread);
  }

  #looked(): void {
    if (document.visibilityState === "visible") this.client.nudge();
    this.#changed(this.client.state.value);
  }

  #page() {
    return currentPage(this.#title.plain);
  }

  #moved(): void {
    const page = this.#page();
    if (page !== undefined) this.client.page(page);
  }

  #listen(target: EventTarget, name: string, listener: () => void): void {
    target.addEventListener(name, listener, { signal: this.#gone.signal });
  }
}
