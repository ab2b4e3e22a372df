import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures";

test("r12 a visitor meets the playbook, is claimed, talks, is handed over and closed", async ({
  hub,
  signIn,
  visit,
}) => {
  const admin = await signIn(hub.admin);
  const jane = await signIn(hub.agent);
  await jane.goOnline();

  const visitor = await visit();
  await visitor.askForSomebody();
  await expect(visitor.log).toContainText("One moment, we are finding somebody for you.");
  await expect(visitor.page.getByRole("timer")).toBeVisible();

  await test.step("the agent is notified, once, with a receipt", async () => {
    await jane.counts("Unassigned", 1);
    await expect.poll(() => jane.notifications()).toHaveLength(1);
    await expect.poll(() => jane.receipts("unassigned")).toEqual(["shown"]);
    expect(await admin.notifications()).toEqual([]);
    await expect(jane.rows).toContainText(/Waiting \d:\d\d/);
  });

  await test.step("claiming moves it to My conversations, and the visitor sees who joined", async () => {
    await jane.openOnly("Unassigned");
    await expect(jane.log).toContainText("Talk to someone");
    await jane.claim();
    await jane.counts("My conversations", 1);
    await jane.counts("Unassigned", 0);
    await expect(jane.log).toContainText(`${jane.name} joined`);
    await expect(visitor.log).toContainText(`${jane.name} joined`);
    await expect(visitor.speaker()).toHaveText(jane.name);
    await expect(visitor.page.getByRole("timer")).toBeHidden();
  });

  await test.step("texts and typing go both ways", async () => {
    await visitor.message.pressSequentially("Do you have a boat?");
    await expect(jane.log).toContainText("is typing");
    await visitor.message.press("Enter");
    await expect(jane.log).toContainText("Do you have a boat?");
    await expect(jane.log).not.toContainText("is typing");
    await jane.message.pressSequentially("We have two.");
    await expect(visitor.page.getByText(`${jane.name} is typing`)).toBeVisible();
    await jane.message.press("Enter");
    await expect(visitor.log).toContainText("We have two.");
    await expect(jane.log.getByText("seen")).toBeVisible();
  });

  await test.step("the panel is kept and a lead is made once", async () => {
    await jane.fill("Deal value", "1,200.50");
    await jane.fill("Person name", "Ada");
    await expect(jane.panel.getByLabel("Deal value")).toHaveValue("1200.5");
    await jane.panel.getByRole("button", { name: "Create lead" }).dblclick();
    await expect(jane.log).toContainText(/Lead created, \d\d:\d\d/);
    await expect(jane.panel.getByRole("list", { name: "Items" }).getByRole("listitem")).toHaveCount(1);
    await jane.panel.getByRole("button", { name: "More" }).click();
    await jane.page.getByRole("menuitem", { name: "Create deal" }).click();
    await expect(jane.log).toContainText("Deal created");
    await expect(visitor.log).not.toContainText("Lead");
  });

  await test.step("handed over, the first agent loses sight of it", async () => {
    await jane.assignTo(admin.name);
    await expect(jane.page.getByText(`${admin.name} has it now`)).toBeVisible();
    await jane.counts("My conversations", 0);
    await expect(jane.page.getByText("Do you have a boat?")).toHaveCount(0);
    await expect(jane.message).toBeHidden();
    await admin.counts("My conversations", 1);
    await expect.poll(() => admin.receipts("assigned")).toEqual(["shown"]);
    await expect(visitor.speaker()).toHaveText(admin.name);
  });

  await test.step("the new one sees it whole and goes on", async () => {
    await admin.openOnly("My conversations");
    await expect(admin.log).toContainText("Do you have a boat?");
    await expect(admin.log).toContainText("We have two.");
    await expect(admin.panel.getByLabel("Person name")).toHaveValue("Ada");
    await admin.write("Shall I keep one for you?");
    await expect(visitor.log).toContainText("Shall I keep one for you?");
    expect(await jane.everythingHere()).not.toMatch(/boat|We have two|Shall I keep/);
  });

  await test.step("closed, it is read-only in Closed, for every agent, but for panel and items", async () => {
    await admin.close();
    await expect(visitor.page.getByText("This chat has ended.")).toBeVisible();
    await expect(admin.message).toBeHidden();
    await jane.counts("Closed", 1);
    await jane.openOnly("Closed");
    await expect(jane.log).toContainText("Shall I keep one for you?");
    await expect(jane.message).toBeHidden();
    await jane.fill("Note", "Wants the blue one");
    await expect(admin.panel.getByLabel("Note", { exact: true })).toHaveValue("Wants the blue one");
  });

  expect([...jane.faults, ...admin.faults]).toEqual([]);
});

test("r11 of two claims one wins, and the other is told who was first", async ({ hub, signIn, visit }) => {
  const admin = await signIn(hub.admin);
  const jane = await signIn(hub.agent);
  await jane.goOnline();
  const visitor = await visit();
  await visitor.askForSomebody();
  await jane.openOnly("Unassigned");
  await admin.openOnly("Unassigned");
  await expect(jane.page.getByText(`${admin.name} also looking`)).toBeVisible();
  // The slower of the two may find its button gone.
  const claim = (page: Page) => page.getByRole("button", { name: "Assign to me" }).click({ timeout: 10_000 });
  await Promise.allSettled([claim(jane.page), claim(admin.page)]);
  await expect(visitor.log.getByText(/ joined/)).toHaveCount(1);
  const winner = (await visitor.speaker().textContent()) ?? "";
  if (winner === jane.name) {
    // An admin goes on seeing it, and may not write in it.
    await expect(admin.page.getByText(`${jane.name} has this conversation.`)).toBeVisible();
    await expect(jane.message).toBeVisible();
  } else {
    await expect(jane.page.getByText(/took it first|has it now/)).toBeVisible();
    await expect(admin.message).toBeVisible();
  }
});
