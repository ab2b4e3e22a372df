import type { AgentClient, NotifyPush } from "../../../client/src/index.js";
import { type Permission, permission, plan } from "./desktop.js";
import { Shown } from "./shown.js";
import { chime } from "./sound.js";

export interface NotifierOptions {
  client: AgentClient;
  /** Whether the agent has this conversation before their eyes. */
  watched(conversation: string): boolean;
  chosen(conversation: string): void;
  sounds(): boolean;
}

/** Desktop notifications of one tab: the permission, what is shown, and the receipts. */
export class Notifier {
  permission = $state<Permission>(permission());
  /** "Not now" was said; asked again in the next tab or sign-in. */
  postponed = $state(false);
  readonly #options: NotifierOptions;
  readonly #shown: Shown;
  readonly #stop: () => void;

  constructor(options: NotifierOptions) {
    this.#options = options;
    this.#shown = new Shown((conversation) => options.chosen(conversation));
    this.#stop = options.client.notifications.add((push) => void this.#arrived(push));
    if (this.permission === "granted") void this.#shown.prepare();
  }

  stop(): void {
    this.#stop();
    this.#shown.stop();
  }

  /** Must be called from a click: browsers answer nobody else. */
  async ask(): Promise<void> {
    if (permission() === "default") await Notification.requestPermission();
    this.look();
    if (this.permission === "granted") void this.#shown.prepare();
  }

  /** The person may have changed it in the browser's settings meanwhile. */
  look(): void {
    this.permission = permission();
  }

  async #arrived(push: NotifyPush): Promise<void> {
    this.look();
    const { client, watched, sounds } = this.#options;
    const what = plan(push, { permission: this.permission, watched: watched(push.conversation) });
    // Where the desktop shows nothing the ear is told all the same, in the one tab that is to ring.
    if (push.ring && what !== "hidden" && sounds()) chime().catch(() => undefined);
    client.notified(push, what === "show" ? await this.#shown.show(push) : what);
  }
}
