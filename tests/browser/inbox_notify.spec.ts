import type { Worker } from "@playwright/test";
import { expect, test } from "./fixtures";

/** How many notifications are on the desktop. */
function shown(worker: Worker): Promise<number> {
  return worker.evaluate(async () => {
    const { registration } = globalThis as unknown as { registration: ServiceWorkerRegistration };
    return (await registration.getNotifications()).length;
  });
}

/** A click at the newest notification, as the desktop tells the service worker of it. */
async function click(worker: Worker): Promise<void> {
  await worker.evaluate(async () => {
    const here = globalThis as unknown as {
      registration: ServiceWorkerRegistration;
      dispatchEvent(event: Event): boolean;
      NotificationEvent: new (name: string, init: { notification: Notification }) => Event;
    };
    const shown = await here.registration.getNotifications();
    const notification = shown.at(-1);
    if (notification === undefined) throw new Error("nothing is shown");
    here.dispatchEvent(new here.NotificationEvent("notificationclick", { notification }));
  });
}

test("i4 a notification comes by the service worker, and a click at it goes to the chat in the tab that told of it", async ({
  hub,
  signIn,
  visit,
}) => {
  const jane = await signIn(hub.agent);
  const context = jane.page.context();
  const worker = context.serviceWorkers()[0] ?? (await context.waitForEvent("serviceworker"));
  await jane.goOnline();
  const visitor = await visit();
  await visitor.askForSomebody();
  await expect.poll(() => jane.receipts("unassigned")).toEqual(["shown"]);
  await expect.poll(() => shown(worker)).toBe(1);
  await jane.folder("Closed").click();

  await click(worker);
  await expect(jane.log).toContainText("Talk to someone");
  await expect(jane.folder("Unassigned")).toHaveAttribute("aria-current", "page");
  await expect.poll(() => shown(worker)).toBe(0);
  expect(jane.faults).toEqual([]);
});

test("i4 permission is asked for only when somebody goes online, and not again after Not now", async ({
  hub,
  signIn,
}) => {
  const jane = await signIn(hub.agent);
  await jane.page.evaluate(() => {
    // Headless Chromium has no prompt to answer; the page sees one that was not answered yet, then "Allow".
    const state = { now: "default", asked: 0 };
    Object.assign(window, { state });
    Object.defineProperty(Notification, "permission", { get: () => state.now });
    Notification.requestPermission = async () => {
      state.asked += 1;
      state.now = "granted";
      return "granted";
    };
  });
  const ask = jane.page.getByText("Hear of new chats while you look at something else?");
  await expect(ask).toBeHidden();
  await jane.page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await jane.goOnline();
  await expect(ask).toBeVisible();
  await jane.page.getByRole("button", { name: "Not now" }).click();
  await expect(ask).toBeHidden();
  await jane.online.click();
  await jane.goOnline();
  await expect(ask).toBeHidden();

  await jane.page.getByRole("button", { name: "Settings" }).click();
  await jane.page.getByRole("button", { name: "Allow notifications" }).click();
  await expect(jane.page.getByRole("button", { name: "Allow notifications" })).toBeHidden();
  expect(await jane.page.evaluate(() => (window as unknown as { state: { asked: number } }).state.asked)).toBe(1);
});

test("i4 the tab that rings sounds, the others do not, and none when the sound is off", async ({
  hub,
  signIn,
  visit,
}) => {
  const count = () => {
    Object.assign(window, { chimes: 0 });
    const Real = AudioContext;
    Object.assign(window, {
      AudioContext: class extends Real {
        constructor() {
          super();
          (window as unknown as { chimes: number }).chimes += 1;
        }
      },
    });
  };
  const first = await signIn(hub.agent);
  const second = await first.anotherTab(hub, hub.agent);
  const heard = async () => {
    const tabs = [first, second].map(({ page }) =>
      page.evaluate(() => (window as unknown as { chimes: number }).chimes),
    );
    return (await Promise.all(tabs)).reduce((sum, one) => sum + one, 0);
  };
  for (const desk of [first, second]) await desk.page.evaluate(count);
  await first.goOnline();
  const visitor = await visit();
  await visitor.askForSomebody();
  await expect
    .poll(() => [...first.receipts("unassigned"), ...second.receipts("unassigned")].sort())
    .toEqual(["hidden", "shown"]);
  await expect.poll(heard).toBe(1);

  for (const desk of [first, second]) {
    await desk.page.getByRole("button", { name: "Settings" }).click();
    await desk.page.getByRole("checkbox", { name: "Sound" }).uncheck();
    await desk.page.getByRole("button", { name: "Done" }).click();
  }
  const other = await visit();
  await other.askForSomebody();
  await expect
    .poll(() => [...first.receipts("unassigned"), ...second.receipts("unassigned")].sort())
    .toEqual(["hidden", "hidden", "shown", "shown"]);
  expect(await heard()).toBe(1);
});
