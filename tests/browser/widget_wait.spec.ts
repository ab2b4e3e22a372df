import { expect, test } from "./fixtures";

test("v3 a visitor sees the wait by the hub's clock, their place, and early offline and rescue without a reload", async ({
  agent,
  visit,
  hub,
}) => {
  const jane = await agent();
  const first = await visit();
  await first.askForSomebody();
  await expect(first.page.getByRole("timer")).toBeVisible();

  // A machine whose clock is an hour off counts down all the same.
  const visitor = await visit("about:blank");
  const { page, log } = visitor;
  const timer = page.getByRole("timer");
  await page.clock.install({ time: Date.now() + 3_600_000 });
  await page.goto(`${hub.origin}/demo`);
  await visitor.open();
  await expect(page.getByText("We are online")).toBeVisible();
  await visitor.choose("Talk to someone");
  await expect(log).toContainText("One moment, we are finding somebody for you.");
  await expect(timer).toHaveText(/^(1:00|0:5\d)$/);
  await page.clock.runFor(20_000);
  await expect(timer).toHaveText(/^0:[34]\d$/);
  await expect(page.getByText("You are number 2 in the queue.")).toBeVisible();
  await jane.claim();
  await expect(page.getByText("You are next.")).toBeVisible();

  await jane.online(false);
  await expect(log).toContainText("Nobody is free right now.");
  await expect(timer).toBeHidden();
  await expect(page.getByText("Nobody is online right now")).toBeVisible();
  await expect(page.getByRole("textbox", { name: "Where can we write to you?" })).toBeVisible();
  await jane.online(true);
  await expect(page.getByText("We are online")).toBeVisible();
  await jane.claim("offline");
  await expect(visitor.speaker()).toHaveText(jane.name);
  await expect(page.getByRole("textbox", { name: "Where can we write to you?" })).toBeHidden();
  await jane.say("Sorry, here I am.");
  await visitor.write("Never mind!");
  await expect.poll(() => jane.heardTexts()).toEqual(["Never mind!"]);
  await jane.close();
  await expect(log).toContainText("This chat has ended.");
  await expect(page.getByRole("button", { name: "Start a new chat" })).toBeVisible();
});
