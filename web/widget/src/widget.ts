import type { Call, Verbs } from "./calls.js";
import type { Memory, PanelHandle, PanelModule, Talk, TalkModule, WidgetEvents, WidgetSettings } from "./contract.js";
import { Launcher } from "./launcher.js";
import { forgetAll, pageMemory } from "./memory.js";
import { currentPage } from "./page.js";

type Listener = (detail: never) => void;

/** The widget on one page: its button, and the panel once it is needed. */
export class Widget {
  readonly #tag: HTMLScriptElement;
  readonly #hub: URL;
  readonly #playbook: string;
  readonly #memory: Memory;
  readonly #tab: Memory;
  readonly #listeners = new Map<string, Listener[]>();
  #started = false;
  #settings: WidgetSettings | undefined;
  #launcher: Launcher | undefined;
  #talk: Promise<Talk> | undefined;
  #panel: Promise<PanelHandle> | undefined;
  #identity: string | undefined;
  #open = false;
  #wanted = false;
  #proactive: ReturnType<typeof setTimeout> | undefined;

  constructor(tag: HTMLScriptElement, playbook: string) {
    this.#tag = tag;
    this.#hub = new URL(".", tag.src);
    this.#playbook = playbook;
    const prefix = `usher:${this.#hub.host}:`;
    this.#memory = pageMemory(prefix, "localStorage");
    // Whether the panel is open is a matter of one tab.
    this.#tab = pageMemory(prefix, "sessionStorage");
  }

  verbs(): Verbs {
    return {
      open: () => this.open(true),
      close: () => this.close(),
      identify: (identity) => {
        this.#identity = identity;
        this.#talk?.then((talk) => talk.client.identify(identity)).catch(ignore);
      },
      on: (name, listener) => {
        this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener]);
      },
      start: () => this.start(),
      shutdown: () => this.shutdown(),
    };
  }

  /** Asks for the playbook's looks and shows the button; nothing at all when the hub knows no such playbook. */
  async start(): Promise<void> {
    if (this.#started) return;
    this.#started = true;
    const settings = await this.#fetchSettings();
    // `shutdown` may have come in between.
    if (settings === undefined || !this.#started) return;
    if (document.body === null) await new Promise((done) => addEventListener("DOMContentLoaded", done, { once: true }));
    this.#settings = settings;
    this.#launcher = new Launcher(settings.appearance, () => (this.#open ? this.close() : this.open(true)));
    this.#emit("ready", undefined);
    const before = this.#tab.get("open");
    if (this.#wanted || before === "1") this.open();
    // A conversation is under way: what is said in it shows on the button. Otherwise there is no socket.
    else if (this.#memory.get("live") !== null) this.#beginTalk().catch(ignore);
    else if (settings.open_after_ms !== null && before === null) {
      this.#proactive = setTimeout(() => this.open(), settings.open_after_ms);
    }
  }

  /** `focus`: because the visitor did something, and not by itself. */
  open(focus = false): void {
    this.#wanted = true;
    if (this.#launcher === undefined || this.#open) return;
    clearTimeout(this.#proactive);
    this.#open = true;
    this.#tab.set("open", "1");
    this.#launcher.opened(true);
    this.#launcher.busy(true);
    this.#loadPanel()
      .then((panel) => {
        panel.show(this.#open, focus);
        this.#emit("open", undefined);
      })
      .catch(() => this.#renew())
      .finally(() => this.#launcher?.busy(false));
  }

  close(): void {
    this.#wanted = false;
    if (!this.#open) return;
    this.#open = false;
    this.#tab.set("open", "0");
    this.#launcher?.opened(false);
    if (this.#launcher?.root.activeElement) this.#launcher.focus();
    this.#panel?.then((panel) => panel.show(false, false)).catch(ignore);
    this.#emit("close", undefined);
  }

  shutdown(): void {
    this.#leave();
    forgetAll(this.#memory);
    forgetAll(this.#tab);
  }

  #leave(): void {
    this.#panel?.then((panel) => panel.destroy()).catch(ignore);
    this.#talk?.then((talk) => talk.destroy()).catch(ignore);
    this.#panel = this.#talk = undefined;
    clearTimeout(this.#proactive);
    this.#launcher?.remove();
    this.#launcher = undefined;
    this.#open = this.#wanted = this.#started = false;
    this.#identity = undefined;
  }

  /**
   * A part is gone when a newer hub took the place of the one this page began with: the newer loader knows its own
   * parts. Tried once a page; when the network is to blame, the button stays as it was.
   */
  async #renew(): Promise<void> {
    const before = window.Usher;
    this.close();
    if (this.#tag.dataset.renewed || this.#launcher === undefined) return;
    const listeners = [...this.#listeners].flatMap(([name, all]) => all.map((one): Call => ["on", name, one]));
    window.Usher = [...listeners, ["identify", this.#identity], ["open"]];
    try {
      this.#tag.dataset.renewed = "1";
      await import(/* @vite-ignore */ `${this.#tag.src}?${Date.now()}`);
      this.#leave();
    } catch {
      window.Usher = before;
      delete this.#tag.dataset.renewed;
    }
  }

  async #fetchSettings(): Promise<WidgetSettings | undefined> {
    try {
      const url = new URL(`v1/widget/${encodeURIComponent(this.#playbook)}`, this.#hub);
      const answer = await fetch(url, { credentials: "omit" });
      return answer.ok ? ((await answer.json()) as WidgetSettings) : undefined;
    } catch {
      return undefined;
    }
  }

  #beginTalk(): Promise<Talk> {
    this.#talk ??= this.#begin().catch((reason: unknown) => {
      this.#talk = undefined;
      throw reason;
    });
    return this.#talk;
  }

  #loadPanel(): Promise<PanelHandle> {
    this.#panel ??= this.#mount().catch((reason: unknown) => {
      this.#panel = undefined;
      throw reason;
    });
    return this.#panel;
  }

  async #begin(): Promise<Talk> {
    const { Session }: TalkModule = await import("./talk/session.js");
    const { launcher, settings } = this.#shown();
    return new Session({
      hub: this.#hub.href,
      playbook: this.#playbook,
      botName: settings.appearance.bot_name,
      identity: this.#identity,
      memory: this.#memory,
      page: currentPage,
      emit: (name, detail) => {
        if (name === "unread") launcher.unread(detail as number);
        return this.#emit(name, detail);
      },
    });
  }

  async #mount(): Promise<PanelHandle> {
    const [{ mount }, talk]: [PanelModule, Talk] = await Promise.all([import("./panel/mount.js"), this.#beginTalk()]);
    const { launcher, settings } = this.#shown();
    return mount({ talk, appearance: settings.appearance, root: launcher.root, dismiss: () => this.close() });
  }

  /** The button and the looks; the page may have shut the widget down while something was on its way. */
  #shown(): { launcher: Launcher; settings: WidgetSettings } {
    if (this.#launcher === undefined || this.#settings === undefined) throw new Error("shut down");
    return { launcher: this.#launcher, settings: this.#settings };
  }

  /** Answers whether anybody listens. */
  #emit<Name extends keyof WidgetEvents>(name: Name, detail: WidgetEvents[Name]): boolean {
    const listeners = this.#listeners.get(name) ?? [];
    for (const listener of listeners) {
      try {
        (listener as (detail: WidgetEvents[Name]) => void)(detail);
      } catch (reason) {
        // The page's mistake, not the chat's.
        reportError(reason);
      }
    }
    return listeners.length > 0;
  }
}

function ignore(): void {
  // The button is still there; the next press tries again.
}
