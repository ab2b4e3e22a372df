import { expect, test } from "./fixtures";

test("r14 a conversation handed back to Unassigned is everybody's again, and what was private stays so", async ({
  hub,
  signIn,
  talk,
}) => {
  const bob = await signIn(hub.issue("bob", "Bob", "1h"));
  const { jane, visitor } = await talk();
  await bob.counts("Unassigned", 0);
  await expect(bob.rows).toHaveCount(0);

  await jane.panel.getByLabel("Private note").fill("Asked twice already");
  await jane.panel.getByRole("button", { name: "Add note" }).click();
  await expect(jane.log).toContainText("Asked twice already");
  await visitor.write("<img src=x onerror=alert(1)> and https://lake.example/map.");
  await expect(jane.log).toContainText("<img src=x onerror=alert(1)>");
  await expect(jane.log.getByRole("link", { name: "https://lake.example/map" })).toHaveAttribute("rel", /noopener/);

  await jane.assignTo("Unassigned");
  await jane.counts("Unassigned", 1);
  await jane.counts("My conversations", 0);
  await expect(jane.message).toBeHidden();
  await expect(jane.log).toContainText(`${jane.name} handed it back to Unassigned`);
  await expect(bob.rows).toContainText("Handed back");
  await bob.openOnly("Unassigned");
  await expect(bob.log).toContainText("Asked twice already");
  await bob.claim();
  await expect(visitor.log).toContainText("Bob joined");
  await expect(visitor.log).not.toContainText("Asked twice already");
  await expect(jane.page.getByText("Bob has it now")).toBeVisible();
  expect(await jane.everythingHere()).not.toContain("Asked twice already");
  expect([...jane.faults, ...bob.faults]).toEqual([]);
});

test("r17 a reason that is switched off in the settings notifies no more", async ({ hub, signIn, visit }) => {
  const jane = await signIn(hub.agent);
  await jane.goOnline();
  await jane.page.getByRole("button", { name: "Settings" }).click();
  await jane.page.getByRole("checkbox", { name: "A new conversation in Unassigned" }).uncheck();
  await jane.page.getByRole("button", { name: "Done" }).click();
  const visitor = await visit();
  await visitor.askForSomebody();
  await jane.openOnly("Unassigned");
  await jane.claim();
  // Out of sight, so that a new message is worth a notification.
  await jane.page.evaluate(() => {
    document.hasFocus = () => false;
  });
  await visitor.write("Hello?");
  await expect.poll(() => jane.receipts("message")).toEqual(["shown"]);
  expect(jane.receipts("unassigned")).toEqual([]);
  expect(await jane.notifications()).toHaveLength(1);

  await jane.page.reload();
  await jane.page.getByRole("button", { name: "Settings" }).click();
  await expect(jane.page.getByRole("checkbox", { name: "A new conversation in Unassigned" })).not.toBeChecked();
});

test("r14 a chat that somebody took and hands on to the agent who had it open is shown to them whole", async ({
  hub,
  signIn,
  visit,
}) => {
  const bob = await signIn(hub.issue("bob", "Bob", "1h"));
  const jane = await signIn(hub.agent);
  await jane.goOnline();
  const visitor = await visit();
  await visitor.askForSomebody();
  await bob.openOnly("Unassigned");
  await jane.openOnly("Unassigned");
  await jane.claim();
  await expect(bob.page.getByText(`${jane.name} has it now`)).toBeVisible();
  await visitor.write("It leaks");
  await expect(jane.log).toContainText("It leaks");

  await jane.assignTo("Bob");
  await bob.counts("My conversations", 1);
  await expect(bob.log).toContainText("It leaks");
  await expect(bob.page.getByText("has it now")).toHaveCount(0);
  await expect(bob.message).toBeVisible();
  await visitor.write("Are you Bob?");
  await expect(bob.log).toContainText("Are you Bob?");
  await bob.write("I am");
  await expect(visitor.log).toContainText("I am");

  // A conversation rings for a text every three seconds at most, whosever it was: until one does.
  const receiptIs = (outcome: string) =>
    expect(async () => {
      await visitor.write("Anybody?");
      await expect.poll(() => bob.receipts("message").at(-1), { timeout: 1_000 }).toBe(outcome);
    }).toPass({ timeout: 45_000 });
  await receiptIs("hidden");
  // Somewhere else now: the next text is worth a notification.
  await bob.page.evaluate(() => {
    document.hasFocus = () => false;
  });
  await receiptIs("shown");
  expect(await bob.notifications()).toContain("Visitor");

  await bob.assignTo("Unassigned");
  await bob.counts("Unassigned", 1);
  await expect(bob.log).toContainText("Are you Bob?");
});
