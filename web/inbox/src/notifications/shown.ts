import type { NotifyPush } from "../../../client/src/index.js";
import type { Outcome } from "./desktop.js";

/** What a notification carries to the service worker, and what that says when it is clicked. */
export interface Clicked {
  conversation: string;
  /** The tab that showed it. */
  tab: string;
}

/**
 * Desktop notifications of this tab. By the service worker, so that a click is answered also where the tab sleeps or is
 * gone; by the page itself where there is none. One per conversation: a newer one takes its place.
 */
export class Shown {
  readonly #tab = crypto.randomUUID();
  readonly #chosen: (conversation: string) => void;
  #worker: Promise<ServiceWorkerRegistration | null> | null = null;

  constructor(chosen: (conversation: string) => void) {
    this.#chosen = chosen;
    navigator.serviceWorker?.addEventListener("message", this.#heard);
  }

  stop(): void {
    navigator.serviceWorker?.removeEventListener("message", this.#heard);
  }

  /** Makes the worker ready; called with the permission, since without it there is nothing for it to do. */
  prepare(): Promise<ServiceWorkerRegistration | null> {
    this.#worker ??= ready();
    return this.#worker;
  }

  async show(push: NotifyPush): Promise<Outcome> {
    const data: Clicked = { conversation: push.conversation, tab: this.#tab };
    const options: NotificationOptions = { body: push.body, tag: push.conversation, data };
    try {
      const worker = await this.prepare();
      if (worker !== null) await worker.showNotification(push.title, options);
      else this.#byThePage(push, options);
      return "shown";
    } catch {
      // Some browsers have the permission and show nothing all the same.
      return "blocked";
    }
  }

  #byThePage(push: NotifyPush, options: NotificationOptions): void {
    const notification = new Notification(push.title, options);
    notification.onclick = () => {
      globalThis.focus();
      notification.close();
      this.#chosen(push.conversation);
    };
  }

  #heard = (event: MessageEvent<Clicked | null>): void => {
    if (event.data?.tab !== this.#tab) return;
    // Tells the worker which of the tabs it is.
    event.ports[0]?.postMessage("here");
    this.#chosen(event.data.conversation);
  };
}

/** How long a browser may take to start a worker; a notification does not wait for longer. */
const READY_MS = 3_000;

async function ready(): Promise<ServiceWorkerRegistration | null> {
  if (!("serviceWorker" in navigator)) return null;
  try {
    await navigator.serviceWorker.register("/inbox-worker.js");
    const late = new Promise<null>((done) => setTimeout(() => done(null), READY_MS));
    return await Promise.race([navigator.serviceWorker.ready, late]);
  } catch {
    return null;
  }
}
