import { type Event, isOpen, VisitorClient, type VisitorState } from "../../../client/src/index.js";
import type { ChatHost } from "../contract.js";
import type { Memory } from "./memory.js";
import { currentPage } from "./page.js";
import { unreadAfter } from "./spoken.js";
import { teller } from "./teller.js";
import { pageTitle } from "./title.js";
import { unsentTexts } from "./unsent.js";

/** One visitor's chat on this page: the client, what the page's storage remembers of it, and what is unread. */
export interface Session {
  readonly client: VisitorClient;
  unread(): number;
  /** Whether what comes now is seen as it comes. */
  watched(): boolean;
  /** The chat is in front of the visitor, or not. */
  show(shown: boolean): void;
  /** The playbook begins although nobody has opened the chat. */
  invite(): void;
  /** What is in view may be another part than before. */
  look(): void;
  destroy(): void;
}

/**
 * `news`: what happened since the last look. `past`: what was there when the chat came is none, and is here now.
 * `elsewhere`: another tab did something: a `look` is due. `atEnd`: whether the end of the log is in view.
 */
export function openSession(
  host: ChatHost,
  memory: Memory,
  news: (events: readonly Event[]) => void,
  past: () => void,
  elsewhere: () => void,
  atEnd = () => true,
): Session {
  const { tell, changed: tellState, heard: tellEvent } = teller(host.emit, host.appearance.bot_name);
  const title = pageTitle();
  const gone = new AbortController();
  let shown = false;
  let asked = false;
  let invited = false;
  let unread = 0;
  let heard: { conversation: string; seq: number } | undefined;

  const client = new VisitorClient({
    url: `${host.hub.replace("http", "ws")}v1/visitor`,
    playbook: host.playbook,
    tokens: { get: () => memory.get("token"), set: (token) => memory.set("token", token) },
    outbox: unsentTexts(memory),
    page: currentPage(title.plain()),
    locale: navigator.language,
    identity: host.identity,
    renewIdentity: () => host.emit("identify", undefined),
  });
  const forget = client.state.subscribe(changed);
  listen(window, "online", () => client.nudge());
  listen(window, "pageshow", () => client.nudge());
  listen(document, "visibilitychange", () => {
    if (visible()) client.nudge();
    look();
  });
  // The hub may have told of what was read in another tab before the page's storage does, and tells no more.
  listen(window, "storage", elsewhere);
  // Only the Navigation API tells of `pushState`.
  const { navigation } = window as { navigation?: EventTarget };
  listen(navigation ?? window, navigation ? "navigatesuccess" : "popstate", () => {
    const page = currentPage(title.plain());
    if (page !== undefined) client.page(page);
  });
  client.connect();

  function listen(target: EventTarget, name: string, listener: () => void): void {
    target.addEventListener(name, listener, { signal: gone.signal });
  }

  function visible(): boolean {
    return document.visibilityState === "visible";
  }

  function watched(): boolean {
    return shown && visible() && atEnd();
  }

  function look(): void {
    changed(client.state.value);
  }

  function changed(state: VisitorState): void {
    begin(state);
    tellState(state);
    const { conversation, events, playbook } = state;
    // Nothing is known before the first hello.
    if (playbook === null) return;
    const id = conversation?.id ?? "";
    memory.set("live", isOpen(conversation) ? id : null);
    const last = events.at(-1)?.seq ?? 0;
    if (watched() && last > readUpTo(id)) {
      memory.set("read", `${id}:${last}`);
      client.read();
    }
    unread = unreadAfter(events, readUpTo(id));
    title.count(visible() ? 0 : unread);
    tell("unread", unread);
    hear(id, last, events);
  }

  /** A playbook begins when the visitor opens the chat and nothing is there yet. */
  function begin({ connection, conversation }: VisitorState): void {
    const empty = connection.kind === "live" && conversation === null;
    const before = asked;
    asked = empty && (asked || shown || invited);
    if (asked && !before) client.start();
  }

  function hear(conversation: string, seq: number, events: readonly Event[]): void {
    const before = heard;
    heard = { conversation, seq };
    if (before === undefined) {
      if (seq > 0) past();
      return;
    }
    const from = before.conversation === conversation ? before.seq : 0;
    const fresh = events.filter((event) => event.seq > from);
    if (fresh.length === 0) return;
    fresh.forEach(tellEvent);
    news(fresh);
  }

  function readUpTo(conversation: string): number {
    const [id, seq] = (memory.get("read") ?? "").split(":");
    return id === conversation ? Number(seq) || 0 : 0;
  }

  return {
    client,
    unread: () => unread,
    watched,
    look,
    invite() {
      invited = true;
    },
    show(now) {
      shown = now;
      look();
    },
    destroy() {
      forget();
      gone.abort();
      client.disconnect();
      title.count(0);
    },
  };
}
