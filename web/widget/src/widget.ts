import type { Call } from "./calls.js";
import type { Chat, ChatModule, Verbs, WidgetEvents, WidgetOptions, WidgetSettings } from "./contract.js";
import { type Launcher, paintLauncher } from "./launcher.js";

type Listener = [name: string, listener: (detail: never) => void];

/** Fetches the chat in one language. `again`: what makes the address another one, since a failure may be remembered. */
type Fetch = (language: string, again: string) => Promise<ChatModule>;

/** What may help where the chat cannot be fetched: true when another widget took over, and made these calls. */
type Renew = (calls: Call[]) => Promise<boolean>;

/** Seconds to the next try: twice as long each time, up to the last. Half of it at least, so that not all come at once. */
type Pace = [first: number, last: number];

const CHAT: Pace = [1, 32];
/** A hub that gave its script and no settings knows no such playbook, or is being restarted. */
const SETTINGS: Pace = [16, 1e6];

/** A widget for one page: its button, and the chat once it is needed. */
export function widget(options: WidgetOptions, fetch: Fetch, renew: Renew): Verbs {
  const { hub, playbook, locale = "" } = options;
  const prefix = `usher:${new URL(hub).host}:`;
  const listeners: Listener[] = [];
  let settings: WidgetSettings;
  let launcher: Launcher | undefined;
  let chat: Chat | undefined;
  let coming: Promise<Chat | undefined> | undefined;
  let identity: string | undefined;
  /** One number for each start: what an earlier one began is no longer wanted. */
  let run = 0;
  let started = false;
  /** Whether the visitor is to see the chat; whether they do, as the page was told. */
  let opened = false;
  let shown = false;
  let wanted = false;
  /** Not by itself: somebody waits for it. */
  let awaited = false;
  let proactive: ReturnType<typeof setTimeout> | undefined;
  /** Ends the pause before the next try. */
  let wake: (() => void) | undefined;

  // Only a shutdown takes this name away: one in another tab is one here.
  addEventListener("storage", ({ key, newValue }) => {
    if (started && key === `${prefix}open` && !newValue) shutdown();
  });

  /** Asks for the playbook's looks and shows the button; nothing at all when the hub knows no such playbook. */
  async function start(): Promise<void> {
    if (started) return;
    started = true;
    const mine = ++run;
    const { lang } = document.documentElement;
    // As a module, since a site's policy may let our scripts through and no other request of ours.
    const address = `${hub}v1/widget/${playbook}?module&locale=${locale}&lang=${lang}`;
    const found = await persist(
      async (again): Promise<WidgetSettings> => (await import(/* @vite-ignore */ address + again)).default,
      () => mine === run,
      SETTINGS,
    );
    if (document.readyState === "loading") {
      await new Promise((done) => addEventListener("DOMContentLoaded", done, { once: true }));
    }
    if (mine !== run || found === undefined) return;
    settings = found;
    launcher = paintLauncher(settings, () => (opened ? close() : open(true)));
    emit("ready", undefined);
    const before = remembers("open");
    const { open_after_ms } = settings;
    if (wanted || before === "1") open(wanted);
    // A conversation is under way: what is said in it shows on the button. Otherwise there is no socket.
    else if (remembers("live")) begin();
    else if (before === null && open_after_ms !== null) proactive = setTimeout(open, open_after_ms, false);
  }

  /** `focus`: because the visitor did something, and not by itself. */
  function open(focus: boolean): void {
    wanted = true;
    wake?.();
    if (launcher === undefined || opened) return;
    clearTimeout(proactive);
    opened = true;
    awaited = focus || remembers("open") !== null;
    launcher.show(true, true);
    begin().then((chat) => {
      launcher?.show(opened);
      chat?.show(opened, focus);
      if (!opened || shown) return;
      shown = true;
      emit("open", undefined);
    });
  }

  /** To the page each `close` follows an `open`. */
  function close(): void {
    wanted = false;
    if (!opened) return;
    opened = false;
    wake?.();
    launcher?.show(false);
    chat?.show(false, false);
    if (shown) emit("close", undefined);
    shown = false;
  }

  function shutdown(): void {
    identity = undefined;
    leave();
    try {
      for (const name of Object.keys(localStorage)) {
        if (name.startsWith(prefix)) localStorage.removeItem(name);
      }
    } catch {
      // A forbidden storage holds nothing.
    }
    emit("shutdown", undefined);
  }

  function leave(): void {
    chat?.destroy();
    chat = coming = undefined;
    close();
    clearTimeout(proactive);
    launcher?.remove();
    launcher = undefined;
    started = false;
    run += 1;
  }

  /** Tries until it is there, or not `needed` any more: undefined. `again` makes each address another one. */
  async function persist<T>(
    attempt: (again: string) => Promise<T>,
    needed: () => boolean,
    [first, last]: Pace,
  ): Promise<T | undefined> {
    for (let tries = 0; needed(); tries += 1) {
      try {
        const found = await attempt(tries > 0 ? `#${tries}` : "");
        if (needed()) return found;
      } catch {
        await pause(Math.min(first * 2 ** tries, last));
      }
    }
    return undefined;
  }

  function pause(seconds: number): Promise<void> {
    return new Promise((over) => {
      wake = over;
      setTimeout(over, seconds * (500 + 500 * Math.random()));
      addEventListener("online", () => over(), { once: true });
    });
  }

  function begin(): Promise<Chat | undefined> {
    const mine = run;
    coming ??= persist(
      (again) => fetch(settings.language, again).catch(troubled),
      () => mine === run && (opened || remembers("live") !== null),
      CHAT,
    ).then((module) => {
      if (mine !== run) return undefined;
      // Where it was not wanted any more the next press begins anew.
      coming = module && coming;
      const { appearance } = settings;
      const { root } = launcher as Launcher;
      chat = module?.begin({ ...options, appearance, identity, prefix, root, emit, dismiss: close });
      return chat;
    });
    return coming;
  }

  /** The network is to blame, or a newer hub that has other parts. Whoever waits is told. */
  async function troubled(reason: unknown): Promise<never> {
    if (!awaited) close();
    if (opened) launcher?.show(true, true, true);
    const calls = listeners.map((listener): Call => ["on", ...listener]);
    if (await renew([...calls, ["identify", identity], ["start"], [opened ? "open" : "close"]])) leave();
    throw reason;
  }

  /** What is read here was stored by a chat of an earlier page. */
  function remembers(name: string): string | null {
    try {
      return localStorage.getItem(prefix + name);
    } catch {
      return null;
    }
  }

  function emit<Name extends keyof WidgetEvents>(name: Name, detail: WidgetEvents[Name]): boolean {
    const heard = listeners.filter(([wanted]) => wanted === name);
    for (const [, listener] of heard) {
      try {
        (listener as (detail: WidgetEvents[Name]) => void)(detail);
      } catch (reason) {
        // The page's mistake, not the chat's.
        reportError(reason);
      }
    }
    return heard.length > 0;
  }

  return {
    open: () => open(true),
    close,
    identify(fresh) {
      identity = fresh;
      chat?.identify(fresh);
    },
    on: (...listener) => listeners.push(listener),
    start,
    shutdown,
  };
}
