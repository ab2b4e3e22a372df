import type { AgentClient, NotifyPush } from "../../../client/src/index.js";
import { type Permission, permission, plan, show } from "./desktop.js";

export interface NotifierOptions {
  client: AgentClient;
  /** Whether the agent has this conversation before their eyes. */
  watched(conversation: string): boolean;
  chosen(conversation: string): void;
}

/** Desktop notifications of one tab: the permission, what is shown, and the receipts. */
export class Notifier {
  permission = $state<Permission>(permission());
  /** "Not now" was said; asked again in the next tab or sign-in. */
  postponed = $state(false);
  readonly #options: NotifierOptions;
  readonly #stop: () => void;

  constructor(options: NotifierOptions) {
    this.#options = options;
    this.#stop = options.client.notifications.add((push) => this.#arrived(push));
  }

  stop(): void {
    this.#stop();
  }

  /** Must be called from a click: browsers answer nobody else. */
  async ask(): Promise<void> {
    if (permission() === "default") await Notification.requestPermission();
    this.look();
  }

  /** The person may have changed it in the browser's settings meanwhile. */
  look(): void {
    this.permission = permission();
  }

  #arrived(push: NotifyPush): void {
    this.look();
    const { client, watched, chosen } = this.#options;
    const what = plan(push, { permission: this.permission, watched: watched(push.conversation) });
    client.notified(push, what === "show" ? show(push, () => chosen(push.conversation)) : what);
  }
}
