import { Caller } from "./caller";
import { expect, test } from "./fixtures";

/** Without limits of rate and count: this is about the page. */
const FREE = Object.fromEntries(
  [
    "VISITOR_SENDS_PER_SECOND",
    "AGENT_REQUESTS_PER_SECOND",
    "CONNECTIONS_PER_ADDRESS",
    "UNAUTHENTICATED_PER_ADDRESS",
    "STARTS_PER_ADDRESS",
    "FRAMES_PER_SECOND",
    "BYTES_PER_SECOND",
  ].map((name) => [`USHER_LIMITS__${name}`, "0"]),
);

test.use({ settings: FREE, waitMs: 3_600_000 });
test.setTimeout(600_000);

/** So many at a time, so that a slow machine is not asked for everything at once. */
async function inTurns<T>(count: number, atOnce: number, make: (index: number) => Promise<T>): Promise<T[]> {
  const made: T[] = [];
  for (let from = 0; from < count; from += atOnce) {
    const numbers = Array.from({ length: Math.min(atOnce, count - from) }, (_, index) => from + index);
    made.push(...(await Promise.all(numbers.map(make))));
  }
  return made;
}

test("i7 of 500 conversations in a folder few are drawn, all are reached, and the list stays alive", { tag: "@alone" }, async ({
  agent,
  hub,
  signIn,
}) => {
  const jane = await signIn(hub.agent);
  await jane.goOnline();
  const callers = await inTurns(500, 25, (index) => Caller.call(hub, `Number ${index}.`));
  await jane.counts("Unassigned", 500);
  const rows = jane.page.getByRole("list", { name: "Conversations" });
  await expect(rows).toContainText("Number");
  expect(await jane.rows.count()).toBeLessThan(60);

  await test.step("scrolling fetches the rest", async () => {
    const scroller = rows.locator("xpath=..");
    await expect(async () => {
      await scroller.evaluate((box) => box.scrollTo(0, box.scrollHeight));
      await expect(jane.rows.last()).toHaveAttribute("aria-posinset", "500", { timeout: 500 });
    }).toPass({ timeout: 60_000 });
    expect(await jane.rows.count()).toBeLessThan(60);
  });

  await test.step("one far down is found by its words, taken, and leaves the folder", async () => {
    await jane.page.getByRole("searchbox", { name: "Search" }).fill("Number 333.");
    await expect(jane.rows).toHaveCount(1);
    await jane.rows.getByRole("button").click();
    await jane.claim();
    await jane.counts("Unassigned", 499);
    await jane.write("Hello, 333");
    await expect(jane.log).toContainText("Hello, 333");
  });

  await test.step("what others take goes at once, while the list is scrolled", async () => {
    await jane.folder("Unassigned").click();
    const bob = await agent(hub.issue("bob", "Bob", "1h"));
    for (let taken = 0; taken < 20; taken += 1) {
      await bob.ask({ type: "claim", conversation: callers[taken]?.conversation });
    }
    await jane.counts("Unassigned", 479);
    await expect(jane.rows.filter({ hasText: /Number 1?\d\./ })).toHaveCount(0);
  });
  for (const caller of callers) caller.leave();
  expect(jane.faults).toEqual([]);
});

test("i7 of 10,000 messages those in the window are drawn, the first one is reached, and writing stays quick", { tag: "@alone" }, async ({
  agent,
  hub,
  signIn,
}) => {
  const jane = await signIn(hub.agent);
  await jane.goOnline();
  const caller = await Caller.call(hub, "The very first");
  await jane.openOnly("Unassigned");
  await jane.claim();
  const other = await agent(hub.agent, false);
  other.conversation = caller.conversation;
  // From both sides, in turns, as fast as the hub takes them.
  for (let from = 0; from < 10_000; from += 500) {
    const numbers = Array.from({ length: 250 }, (_, index) => from + 2 * index);
    await Promise.all(numbers.flatMap((n) => [caller.say(`visitor ${n}`), other.say(`agent ${n + 1}`)]));
  }
  await expect(jane.log).toContainText("9999", { timeout: 60_000 });
  await jane.page.reload();
  await expect(jane.log).toContainText("9999");
  const drawn = () => jane.log.locator(".speech").count();
  expect(await drawn()).toBeLessThan(400);

  await test.step("back to the beginning", async () => {
    const first = jane.log.getByText("The very first");
    await expect(async () => {
      await jane.log.evaluate((log) => log.scrollTo(0, 0));
      await expect(first).toBeVisible({ timeout: 250 });
    }).toPass({ timeout: 120_000, intervals: [20] });
    expect(await drawn()).toBeLessThan(400);
  });

  await test.step("what is read stays where it is while texts arrive below", async () => {
    const first = jane.log.getByText("The very first");
    const before = (await first.boundingBox())?.y;
    await caller.say("And one more");
    await expect(jane.page.getByRole("button", { name: "New messages" })).toBeVisible();
    await expect(jane.rows).toContainText("And one more");
    expect((await first.boundingBox())?.y).toBe(before);
  });

  await test.step("writing is quick, and one's own words are followed to the end", async () => {
    const took = await jane.page.evaluate(async () => {
      const box = document.querySelector<HTMLTextAreaElement>("[data-composer]") as HTMLTextAreaElement;
      const times: number[] = [];
      for (let letter = 0; letter < 20; letter += 1) {
        const begun = performance.now();
        box.value += "x";
        box.dispatchEvent(new InputEvent("input", { bubbles: true }));
        await new Promise((painted) => requestAnimationFrame(() => setTimeout(painted)));
        times.push(performance.now() - begun);
      }
      return times.sort((one, two) => one - two)[10] ?? 0;
    });
    // A frame and the work of one letter, on a machine that does other things as well.
    expect(took).toBeLessThan(250);
    await jane.write("Still here");
    await expect(jane.log.getByText("Still here")).toBeVisible();
    await expect(jane.page.getByRole("button", { name: "To the newest" })).toBeHidden();
  });
  caller.leave();
});
