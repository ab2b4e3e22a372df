import type { Call } from "./calls.js";
import type { Chat, ChatModule, Emit, Verbs, WidgetEvents, WidgetOptions, WidgetSettings } from "./contract.js";
import { chooseLocale, languageOf } from "./language.js";
import { Launcher } from "./launcher.js";

type Listener = [name: string, listener: (detail: never) => void];

/** Fetches the chat in one language. */
type Fetch = (language: string) => Promise<ChatModule>;

/** What may help where the chat cannot be fetched; `calls` are to be made again afterwards. */
type Renew = (calls: Call[]) => Promise<void>;

/** A widget for one page: its button, and the chat once it is needed. */
export function widget(options: WidgetOptions, fetch: Fetch, renew: Renew): Verbs {
  const one = new Widget(options, fetch, renew);
  return {
    open: () => one.open(true),
    close: () => one.close(),
    identify: (identity) => one.identify(identity),
    on: (...listener) => one.listeners.push(listener),
    start: () => one.start(),
    shutdown: () => one.shutdown(),
  };
}

class Widget {
  readonly listeners: Listener[] = [];
  readonly #options: WidgetOptions;
  readonly #fetch: Fetch;
  readonly #renew: Renew;
  readonly #prefix: string;
  #settings: WidgetSettings | undefined;
  #locale = "en";
  #launcher: Launcher | undefined;
  #chat: Promise<Chat> | undefined;
  #identity: string | undefined;
  /** One number for each start: what an earlier one began is no longer wanted. */
  #run = 0;
  #started = false;
  #open = false;
  #wanted = false;
  #proactive: ReturnType<typeof setTimeout> | undefined;

  constructor(options: WidgetOptions, fetch: Fetch, renew: Renew) {
    this.#options = options;
    this.#fetch = fetch;
    this.#renew = renew;
    this.#prefix = `usher:${new URL(options.hub).host}:`;
    // Only a shutdown takes this name away: one in another tab is one here.
    addEventListener("storage", ({ key, newValue }) => {
      if (this.#started && key === `${this.#prefix}open` && !newValue) this.shutdown();
    });
  }

  /** Asks for the playbook's looks and shows the button; nothing at all when the hub knows no such playbook. */
  async start(): Promise<void> {
    if (this.#started) return;
    this.#started = true;
    const run = ++this.#run;
    const { hub, playbook, locale } = this.#options;
    let settings: WidgetSettings;
    try {
      // As a module, since a site's policy may let our scripts through and no other request of ours.
      const address = `${hub}v1/widget/${encodeURIComponent(playbook)}?module`;
      settings = (await import(/* @vite-ignore */ address)).default;
    } catch {
      return;
    }
    if (document.readyState === "loading") {
      await new Promise((done) => addEventListener("DOMContentLoaded", done, { once: true }));
    }
    if (run !== this.#run) return;
    this.#settings = settings;
    this.#locale = chooseLocale(locale, settings.locale, document.documentElement.lang);
    this.#launcher = new Launcher(settings.appearance, this.#language, () =>
      this.#open ? this.close() : this.open(true),
    );
    this.#emit("ready", undefined);
    const before = this.#remembers("open");
    if (this.#wanted || before === "1") this.open(this.#wanted);
    // A conversation is under way: what is said in it shows on the button. Otherwise there is no socket.
    else if (this.#remembers("live")) this.#begin().catch(ignore);
    else if (before === null && settings.open_after_ms !== null) {
      this.#proactive = setTimeout(() => this.open(false), settings.open_after_ms);
    }
  }

  /** `focus`: because the visitor did something, and not by itself. */
  open(focus: boolean): void {
    this.#wanted = true;
    const launcher = this.#launcher;
    if (launcher === undefined || this.#open) return;
    clearTimeout(this.#proactive);
    this.#open = true;
    launcher.opened(true);
    launcher.busy(true);
    this.#begin()
      .then((chat) => {
        chat.show(this.#open, focus);
        if (this.#open) this.#emit("open", undefined);
      })
      .catch(() => this.#failed())
      .finally(() => launcher.busy(false));
  }

  close(): void {
    this.#wanted = false;
    if (!this.#open) return;
    this.#open = false;
    this.#launcher?.opened(false);
    this.#chat?.then((chat) => chat.show(false, false)).catch(ignore);
    this.#emit("close", undefined);
  }

  identify(identity: string): void {
    this.#identity = identity;
    this.#chat?.then((chat) => chat.identify(identity)).catch(ignore);
  }

  async shutdown(): Promise<void> {
    this.#identity = undefined;
    await this.#leave();
    try {
      for (const name of Object.keys(localStorage)) {
        if (name.startsWith(this.#prefix)) localStorage.removeItem(name);
      }
    } catch {
      // A forbidden storage holds nothing.
    }
    this.#emit("shutdown", undefined);
  }

  /** Done when nothing of the chat is at work any more. */
  #leave(): Promise<void> | undefined {
    const left = this.#chat?.then((chat) => chat.destroy()).catch(ignore);
    clearTimeout(this.#proactive);
    this.#launcher?.remove();
    this.#chat = this.#launcher = undefined;
    this.#open = this.#wanted = this.#started = false;
    this.#run += 1;
    return left;
  }

  /** The network is to blame, or a newer hub that has other parts. */
  async #failed(): Promise<void> {
    this.close();
    if (this.#launcher === undefined) return;
    const listeners = this.listeners.map((listener): Call => ["on", ...listener]);
    await this.#renew([...listeners, ["identify", this.#identity], ["open"]]).then(() => this.#leave(), ignore);
  }

  #begin(): Promise<Chat> {
    const run = this.#run;
    this.#chat ??= this.#fetch(this.#language).then(
      ({ begin }) => {
        if (run !== this.#run) throw new Error("shut down");
        return begin(this.#host());
      },
      (reason) => {
        this.#chat = undefined;
        throw reason;
      },
    );
    return this.#chat;
  }

  get #language() {
    return languageOf(this.#locale) ?? "en";
  }

  #host() {
    return {
      ...this.#options,
      appearance: (this.#settings as WidgetSettings).appearance,
      language: this.#language,
      identity: this.#identity,
      prefix: this.#prefix,
      root: (this.#launcher as Launcher).root,
      emit: ((name, detail) => this.#emit(name, detail)) as Emit,
      dismiss: () => this.close(),
    };
  }

  /** What is read here was stored by a chat of an earlier page. */
  #remembers(name: string): string | null {
    try {
      return localStorage.getItem(this.#prefix + name);
    } catch {
      return null;
    }
  }

  #emit<Name extends keyof WidgetEvents>(name: Name, detail: WidgetEvents[Name]): boolean {
    const heard = this.listeners.filter(([wanted]) => wanted === name);
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
}

function ignore(): void {
  // The button is still there; the next press tries again.
}
