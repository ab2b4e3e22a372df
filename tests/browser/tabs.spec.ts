import { expect, test } from "./fixtures";

test("p3 the widget's conversation survives a reload, and two tabs of it are in step", async ({ talk }) => {
  const { jane, visitor } = await talk();
  await visitor.write("One");
  await expect(jane.log).toContainText("One");

  await visitor.page.reload();
  const close = visitor.page.getByRole("button", { name: "Close chat" });
  const open = visitor.page.getByRole("button", { name: "Open chat" });
  await expect(open.or(close)).toBeVisible();
  if (await open.isVisible()) await open.click();
  await expect(visitor.log).toContainText("One");
  await expect(visitor.speaker()).toHaveText(jane.name);

  const second = await visitor.anotherTab();
  await expect(second.page.getByRole("button", { name: /(Open|Close) chat/ })).toBeVisible();
  if (await second.page.getByRole("button", { name: "Open chat" }).isVisible()) await second.open();
  await expect(second.log).toContainText("One");
  await second.write("Two");
  await expect(visitor.log).toContainText("Two");
  await jane.write("Three");
  for (const tab of [visitor, second]) {
    await expect(tab.log).toContainText("Three");
    await expect(tab.log.getByText("Two", { exact: true })).toHaveCount(1);
  }
  await jane.counts("My conversations", 1);
});

test("r10 two tabs of one agent show one switch, one list, and ring once", async ({ hub, signIn, visit }) => {
  const first = await signIn(hub.agent);
  const second = await first.anotherTab(hub, hub.agent);
  await first.goOnline();
  await expect(second.online).toBeChecked();

  const visitor = await visit();
  await visitor.askForSomebody();
  await first.counts("Unassigned", 1);
  await second.counts("Unassigned", 1);
  await expect
    .poll(() => [...first.receipts("unassigned"), ...second.receipts("unassigned")].sort())
    .toEqual(["hidden", "shown"]);
  expect([...(await first.notifications()), ...(await second.notifications())]).toHaveLength(1);

  await second.openOnly("Unassigned");
  await second.claim();
  await first.counts("My conversations", 1);
  await first.openOnly("My conversations");
  await first.write("From the first tab");
  await expect(second.log).toContainText("From the first tab");
  await expect(visitor.log.getByText("From the first tab")).toHaveCount(1);

  await second.online.click();
  await expect(first.online).not.toBeChecked();
});

test("r17 where the browser blocks notifications, the inbox says so and the receipt too", async ({
  hub,
  signIn,
  visit,
}) => {
  const jane = await signIn(hub.agent);
  await jane.page.context().clearPermissions();
  await jane.page.evaluate(() => {
    // Headless Chromium cannot press "Block"; what the page reads afterwards is this.
    Object.defineProperty(Notification, "permission", { get: () => "denied" });
  });
  await jane.goOnline();
  const visitor = await visit();
  await visitor.askForSomebody();
  await expect.poll(() => jane.receipts("unassigned")).toEqual(["blocked"]);
  await expect(jane.page.getByText("Your browser blocks notifications from this page.").first()).toBeVisible();
  expect(await jane.notifications()).toEqual([]);
});
