import type { Page } from "@playwright/test";
import axe from "axe-core";
import { expect, test } from "./fixtures";
import { OUTSIDE, Receiver } from "./receiver";

/** What axe has against the page, with all of its rules. */
async function faults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => (window as unknown as { axe: typeof axe }).axe.run());
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  );
}

/** How far the page is wider than the screen. */
const overflow = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

for (const colorScheme of ["light", "dark"] as const) {
  test(`i8 axe finds nothing in any state of the inbox, ${colorScheme}`, async ({
    agent,
    hub,
    page,
    signIn,
    visit,
  }) => {
    await page.emulateMedia({ colorScheme });
    await page.goto(`${hub.origin}/`);
    await expect(page.getByRole("button", { name: "Sign in" })).toBeVisible();
    expect(await faults(page)).toEqual([]);

    const missed = await visit();
    await missed.askForSomebody();
    await missed.answer("Where can we write to you?", "ada@engines.example");
    const jane = await signIn(hub.agent);
    await jane.page.emulateMedia({ colorScheme });
    await jane.goOnline();
    expect(await faults(jane.page)).toEqual([]);
    const visitor = await visit();
    await visitor.askForSomebody();
    await jane.counts("Unassigned", 2);
    await jane.rows.filter({ hasText: "Missed" }).getByRole("button").click();
    await expect(jane.panel.getByText("The visitor's word, unverified")).toBeVisible();
    expect(await faults(jane.page)).toEqual([]);

    await jane.rows.filter({ hasText: "Waiting" }).getByRole("button").click();
    await jane.claim();
    await visitor.write("Look at https://lake.example/map");
    await jane.write("I do");
    await jane.panel.getByLabel("Private note").fill("Polite");
    await jane.panel.getByRole("button", { name: "Add note" }).click();
    await jane.panel.getByLabel("Deal value").fill("many");
    await jane.panel.getByLabel("Deal value").blur();
    await jane.panel.getByRole("button", { name: "Create lead" }).click();
    await visitor.message.pressSequentially("And");
    await expect(jane.log).toContainText("is typing");
    await expect(jane.log).toContainText("Lead created");
    expect(await faults(jane.page)).toEqual([]);
    await jane.panel.getByRole("button", { name: "More" }).click();
    expect(await faults(jane.page)).toEqual([]);
    await jane.page.keyboard.press("Escape");
    await jane.page.getByRole("button", { name: "Settings" }).click();
    expect(await faults(jane.page)).toEqual([]);
    await jane.page.getByRole("button", { name: "Done" }).click();
    await jane.page.getByRole("button", { name: "Close conversation" }).click();
    expect(await faults(jane.page)).toEqual([]);
    await jane.page.getByRole("button", { name: "Keep it open" }).click();
    await agent(hub.issue("bob", "Bob", "1h"));
    await jane.assignTo("Bob");
    await expect(jane.page.getByText("Bob has it now")).toBeVisible();
    expect(await faults(jane.page)).toEqual([]);
    await jane.page.getByRole("button", { name: "Back to the list" }).click();
    await jane.page.getByRole("searchbox", { name: "Search" }).fill("nothing of the kind");
    await expect(jane.page.getByText("Nothing found.")).toBeVisible();
    await jane.page.keyboard.press("Escape");
    await jane.page.keyboard.press("Escape");
    await jane.page.keyboard.press("?");
    expect(await faults(jane.page)).toEqual([]);
    expect(jane.faults).toEqual([]);
  });

  test.describe("with a receiver on this machine", () => {
    test.use({ settings: OUTSIDE });
    test(`i8 axe finds nothing in the pages of admins, ${colorScheme}`, async ({ hub, signIn, visit }) => {
      const admin = await signIn(hub.admin);
      const { page } = admin;
      await page.emulateMedia({ colorScheme });
      await page.getByRole("link", { name: "Playbooks" }).click();
      await expect(page.getByRole("list", { name: "Templates" })).toContainText("Qualify leads");
      expect(await faults(page)).toEqual([]);
      await page.getByRole("button", { name: "Use it: Qualify leads" }).click();
      await expect(page.getByRole("textbox", { name: "Playbook name" })).toHaveValue("Qualify leads");
      expect(await faults(page)).toEqual([]);
      await page.getByRole("textbox", { name: "Question", exact: true }).fill("");
      await page.getByRole("button", { name: "Save", exact: true }).click();
      await expect(page.getByText("Not saved. The hub found:")).toBeVisible();
      expect(await faults(page)).toEqual([]);
      for (const title of ["Great! Where can we reach you?", "Thank you! One of us will write to you."]) {
        await page
          .getByRole("list", { name: "Cards" })
          .getByRole("button", { name: `Edit ${title}`, exact: true })
          .click();
        expect(await faults(page)).toEqual([]);
      }
      await page
        .getByRole("list", { name: "Cards" })
        .getByRole("button", { name: /^Edit One moment/ })
        .first()
        .click();
      expect(await faults(page)).toEqual([]);
      await page
        .getByRole("list", { name: "Cards" })
        .getByRole("button", { name: /^Add a card before One/ })
        .first()
        .click();
      expect(await faults(page)).toEqual([]);
      await page.getByRole("button", { name: "Cancel" }).click();
      await page.getByRole("tab", { name: "Looks" }).click();
      expect(await faults(page)).toEqual([]);
      await page.getByRole("tab", { name: "Install" }).click();
      await page.getByRole("button", { name: "Find out" }).click();
      await expect(page.getByRole("list", { name: "Conditions" })).toBeVisible();
      expect(await faults(page)).toEqual([]);
      // Something to show on the other pages: a missed chat, its items, and a delivery that failed.
      const crm = await Receiver.open();
      crm.answers(422);
      await crm.hook(hub);
      const missed = await visit();
      await missed.askForSomebody();
      await missed.answer("Where can we write to you?", "ada@engines.example");
      await expect(missed.log).toContainText("Thank you!");
      await expect.poll(() => crm.messages.length).toBeGreaterThan(0);
      for (const name of ["Team", "Items", "Statistics", "Webhooks"]) {
        await page.getByRole("link", { name, exact: true }).click();
        await expect(page.getByRole("heading", { name, exact: true })).toBeVisible();
        await expect(page.getByText("Looking…")).toHaveCount(0);
        expect(await faults(page)).toEqual([]);
      }
      await page.getByRole("radio", { name: /^Only what is chosen/ }).check();
      await page.getByRole("button", { name: /^Deliveries to/ }).click();
      await expect(async () => {
        await page.getByRole("button", { name: "Look again" }).click();
        await expect(page.getByRole("button", { name: /^Try again/ }).first()).toBeVisible({ timeout: 500 });
      }).toPass();
      expect(await faults(page)).toEqual([]);
      await page.setViewportSize({ width: 360, height: 740 });
      expect(await overflow(page)).toBe(0);
      expect(await page.getByRole("main").evaluate((main) => main.scrollWidth - main.clientWidth)).toBe(0);
      await page.setViewportSize({ width: 1280, height: 800 });
      await page.getByRole("button", { name: /^Switch off/ }).click();
      await expect(page.getByText("an admin switched it off")).toBeVisible();
      expect(await faults(page)).toEqual([]);
      await page.getByRole("button", { name: "All", exact: true }).click();
      await admin.rows.first().getByRole("button").click();
      await expect(admin.panel.getByText(/^Not handed on/).first()).toBeVisible();
      expect(await faults(page)).toEqual([]);
      crm.close();
      expect(admin.faults).toEqual([]);
    });
  });
}

test("i8 on a phone there is one column: list, then chat, then details, and back again", async ({
  hub,
  signIn,
  visit,
}) => {
  const jane = await signIn(hub.admin);
  await jane.page.setViewportSize({ width: 360, height: 740 });
  await jane.goOnline();
  const visitor = await visit();
  await visitor.askForSomebody();
  await jane.counts("Unassigned", 1);
  expect(await overflow(jane.page)).toBe(0);
  await jane.openOnly("Unassigned");
  await expect(jane.rows.first()).toBeHidden();
  await jane.claim();
  expect(await overflow(jane.page)).toBe(0);
  await jane.write("From a phone");
  await expect(visitor.log).toContainText("From a phone");
  await expect(jane.panel).toBeHidden();
  await jane.page.getByRole("button", { name: "Show details" }).click();
  await jane.fill("Person name", "Ada");
  expect(await overflow(jane.page)).toBe(0);
  expect(await faults(jane.page)).toEqual([]);
  await jane.page.getByRole("button", { name: "Hide details" }).click();
  await expect(jane.panel).toBeHidden();
  await jane.page.getByRole("button", { name: "Back to the list" }).click();
  await expect(jane.rows).toHaveCount(1);
  await expect(jane.online).toBeVisible();
  expect(await faults(jane.page)).toEqual([]);
  await jane.page.getByRole("link", { name: "Playbooks" }).click();
  await jane.page.getByRole("link", { name: "Demo", exact: true }).click();
  await expect(jane.page.getByRole("textbox", { name: "Playbook name" })).toBeVisible();
  expect(await overflow(jane.page)).toBe(0);
  // Zoomed to 400 % a laptop's screen is as narrow as this.
  await jane.page.setViewportSize({ width: 320, height: 200 });
  expect(await overflow(jane.page)).toBe(0);
});
