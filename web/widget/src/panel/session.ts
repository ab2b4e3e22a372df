import { isOpen, type Page, VisitorClient, type VisitorState, webStore } from "../../../client/src/index.js";
import type { PanelHost } from "../contract.js";
import { spoken, unreadAfter } from "./timeline.js";

const MAX_URL = 2_048;
const MAX_TITLE = 1_024;

/** One visitor's chat on this page: the client, what the page's storage remembers of it, and what is unread. */
export class Session {
  readonly client: VisitorClient;
  readonly #host: PanelHost;
  readonly #cleanups: (() => void)[] = [];
  #shown = false;
  #asked = false;
  #unread = 0;
  #heard: { conversation: string; seq: number } | null = null;
  #told = "";

  constructor(host: PanelHost) {
    this.#host = host;
    const page = currentPage();
    this.client = new VisitorClient({
      url: new URL("v1/visitor", host.hub).href.replace(/^http/, "ws"),
      playbook: host.playbook,
      tokens: { get: () => host.memory.get("token"), set: (token) => host.memory.set("token", token) },
      ...outbox(host.prefix),
      ...(page === undefined ? {} : { page }),
      locale: navigator.language,
      ...(host.identity === undefined ? {} : { identity: host.identity }),
    });
    this.#cleanups.push(this.client.state.subscribe((state) => this.#changed(state)));
    this.#listen(window, "online", () => this.client.nudge());
    this.#listen(window, "pageshow", () => this.client.nudge());
    this.#listen(document, "visibilitychange", () => this.#looked());
    this.#listen(window, "storage", () => this.#changed(this.client.state.value));
    for (const name of ["popstate", "hashchange"]) this.#listen(window, name, () => this.#moved());
    const navigation = (window as { navigation?: EventTarget }).navigation;
    if (navigation !== undefined) this.#listen(navigation, "navigatesuccess", () => this.#moved());
    this.client.connect();
  }

  get unread(): number {
    return this.#unread;
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
      const from = event.by.kind === "agent" ? event.by.name : this.#host.settings.appearance.bot_name;
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
    const page = currentPage();
    if (page !== undefined) this.client.page(page);
  }

  #listen(target: EventTarget, name: string, listener: () => void): void {
    target.addEventListener(name, listener);
    this.#cleanups.push(() => target.removeEventListener(name, listener));
  }
}

/** Where the visitor is, as far as the hub wants to know it. */
function currentPage(): Page | undefined {
  const url = location.href;
  if (!/^https?:/.test(url) || url.length > MAX_URL) return undefined;
  const page: Page = { url };
  if (document.title !== "") page.title = document.title.slice(0, MAX_TITLE / 4);
  if (document.referrer !== "" && document.referrer.length <= MAX_URL) page.referrer = document.referrer;
  return page;
}

function outbox(prefix: string): { outbox?: ReturnType<typeof webStore> } {
  try {
    return { outbox: webStore(window.localStorage, `${prefix}out:`) };
  } catch {
    // Storage is forbidden: unsent texts live as long as the page.
    return {};
  }
}
