import { expect, test } from "./fixtures";

test("r6 with nobody online the visitor goes to the offline flow at once and becomes a lead", async ({
  hub,
  signIn,
  visit,
}) => {
  const visitor = await visit();
  await visitor.askForSomebody();
  await expect(visitor.log).toContainText("Nobody is free right now.");
  await expect(visitor.page.getByRole("timer")).toBeHidden();

  await visitor.answer("Where can we write to you?", "not an address");
  await expect(visitor.page.getByRole("alert")).toBeVisible();
  await visitor.answer("Where can we write to you?", "ada@engines.example");
  await expect(visitor.log).toContainText("Thank you!");

  const admin = await signIn(hub.admin);
  await admin.counts("Unassigned", 1);
  await expect(admin.rows).toContainText("Missed");
  await admin.openOnly("Unassigned");
  await expect(admin.log).toContainText("Missed: nobody was online");
  await expect(admin.log).toContainText(/Lead created, \d\d:\d\d/);
  await expect(admin.panel.getByRole("list", { name: "Items" })).toContainText("Lead");
  await expect(admin.panel.getByLabel("E-mail")).toHaveValue("ada@engines.example");
  await expect(admin.panel.getByText("The visitor's word, unverified")).toBeVisible();
  expect(admin.faults).toEqual([]);
});

test.describe("with the shortest wait", () => {
  test.use({ waitMs: 10_000 });

  test("r9 a wait that nobody answers ends in the offline flow, from which an agent rescues", async ({
    hub,
    signIn,
    visit,
  }) => {
    const jane = await signIn(hub.agent);
    await jane.goOnline();
    const visitor = await visit();
    await visitor.askForSomebody();
    await expect(visitor.page.getByRole("timer")).toHaveText(/0:0\d/);
    await expect(visitor.log).toContainText("Nobody is free right now.", { timeout: 40_000 });
    await expect(visitor.page.getByRole("textbox", { name: "Where can we write to you?" })).toBeVisible();

    await expect(jane.rows).toContainText("Missed");
    await expect(jane.rows).toContainText("Rescue possible");
    await jane.openOnly("Unassigned");
    await expect(jane.log).toContainText("Missed: nobody took the chat in time");
    await jane.claim();
    await expect(visitor.log).toContainText(`${jane.name} joined`);
    await expect(visitor.page.getByRole("textbox", { name: "Where can we write to you?" })).toBeHidden();
    await jane.write("Sorry, here I am.");
    await expect(visitor.log).toContainText("Sorry, here I am.");
    await visitor.write("Never mind!");
    await expect(jane.log).toContainText("Never mind!");
  });
});

test("r8 when the last agent leaves during the wait, the visitor is not left to wait", async ({
  hub,
  signIn,
  visit,
}) => {
  const jane = await signIn(hub.agent);
  await jane.goOnline();
  const visitor = await visit();
  await visitor.askForSomebody();
  await expect(visitor.page.getByRole("timer")).toBeVisible();
  await jane.online.click();
  await expect(visitor.log).toContainText("Nobody is free right now.");
  await expect(jane.rows).toContainText("Missed");
});
