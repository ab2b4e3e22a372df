import type { Clicked } from "./shown.js";

/** The part of a service worker's world that is used here; TypeScript's own needs another library than the page. */
interface World {
  addEventListener(name: "install" | "activate", heard: (event: Waits) => void): void;
  addEventListener(name: "notificationclick", heard: (event: Waits & { notification: Notification }) => void): void;
  skipWaiting(): Promise<void>;
  clients: {
    claim(): Promise<void>;
    matchAll(query: { type: "window"; includeUncontrolled: boolean }): Promise<Tab[]>;
    openWindow(address: string): Promise<unknown>;
  };
}

interface Waits {
  waitUntil(work: Promise<unknown>): void;
}

interface Tab {
  postMessage(message: Clicked, transfer: MessagePort[]): void;
  focus(): Promise<unknown>;
}

/** How long a tab may take to say that it is the one; one that sleeps is woken by the focus it gets after all. */
const ANSWER_MS = 1_000;

const world = globalThis as unknown as World;

// It keeps nothing and fetches nothing: it is there to be clicked at.
world.addEventListener("install", (event) => event.waitUntil(world.skipWaiting()));
world.addEventListener("activate", (event) => event.waitUntil(world.clients.claim()));
world.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(show(event.notification.data as Clicked));
});

/** Goes to the chat in the tab that told of it, else in a new one. */
async function show(clicked: Clicked): Promise<void> {
  const tabs = await world.clients.matchAll({ type: "window", includeUncontrolled: true });
  const answers = tabs.map((tab) => answered(tab, clicked));
  const its = await Promise.any(answers).catch(() => null);
  if (its !== null) await its.focus().catch(() => null);
  else await world.clients.openWindow(`/#/c/${encodeURIComponent(clicked.conversation)}`).catch(() => null);
}

function answered(tab: Tab, clicked: Clicked): Promise<Tab> {
  return new Promise((here, gone) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => here(tab);
    setTimeout(gone, ANSWER_MS);
    tab.postMessage(clicked, [port2]);
  });
}
