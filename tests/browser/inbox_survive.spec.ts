import { Desk } from "./desk";
import { expect, test } from "./fixtures";

test("d4 an inbox that slept for an hour, network and all, catches up when it wakes, with what was half written", async ({
  cable,
  hub,
  page,
  visit,
}) => {
  await page.clock.install();
  const link = hub.agent.link.replace(hub.origin, cable.origin);
  const jane = await Desk.signIn(page, cable, { link, name: hub.agent.name });
  await jane.goOnline();
  const visitor = await visit();
  await visitor.askForSomebody();
  await jane.openOnly("Unassigned");
  await jane.claim();
  await jane.message.fill("Half a sentence");

  cable.hold();
  await visitor.write("While you slept");
  const other = await visit();
  await other.askForSomebody();
  await page.clock.fastForward(3_600_000);
  cable.mend();
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await page.clock.runFor(31_000);
  await expect(jane.log.getByText("While you slept")).toHaveCount(1);
  await expect(page.getByText("Connected")).toBeVisible();
  await expect(jane.message).toHaveValue("Half a sentence");
  await expect(jane.online).toBeChecked();
  await jane.counts("My conversations", 1);
  await jane.counts("Unassigned", 1);
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await expect(visitor.log.getByText("Half a sentence")).toHaveCount(1);
  expect(jane.faults).toEqual([]);
});

test("d4 a deploy of the hub moves the inbox along, with the open chat, the switch and what was sent meanwhile", async ({
  hub,
  talk,
}) => {
  const { jane, visitor } = await talk();
  await jane.write("Before");
  await expect(visitor.log).toContainText("Before");

  await hub.drain();
  await expect(jane.page.getByText("No connection.")).toBeVisible();
  await jane.write("Meanwhile");
  await expect(jane.log).toContainText("sending…");
  await hub.start();
  for (const { page } of [jane, visitor]) await page.evaluate(() => dispatchEvent(new Event("online")));
  await expect(jane.page.getByText("Connected")).toBeVisible({ timeout: 40_000 });
  await expect(jane.log.getByText("sending…")).toHaveCount(0);
  await expect(visitor.log.getByText("Meanwhile")).toHaveCount(1, { timeout: 40_000 });
  await expect(jane.log.getByText("Meanwhile")).toHaveCount(1);
  await expect(jane.online).toBeChecked();
  await jane.counts("My conversations", 1);
  await visitor.write("After");
  await expect(jane.log.getByText("After")).toHaveCount(1);
  expect(jane.faults).toEqual([]);
});
