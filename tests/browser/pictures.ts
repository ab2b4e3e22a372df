import { resolve } from "node:path";
import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures";
import { OUTSIDE, Receiver } from "./receiver";

const FOLDER = resolve(__dirname, "../../test-results/screenshots");

/** The visitor's side and the agent's in one picture, for the README. */
async function compose(paper: Page, visitor: Page, agent: Page): Promise<void> {
  const clip = { x: 720, y: 60, width: 560, height: 740 };
  const sides = [await visitor.screenshot({ clip }), await agent.screenshot()];
  const [left, right] = sides.map((picture) => `data:image/png;base64,${picture.toString("base64")}`);
  await paper.setViewportSize({ width: 1500, height: 640 });
  await paper.goto("about:blank");
  await paper.setContent(
    `<style>
      body { display: flex; gap: 20px; margin: 20px; background: #fff; }
      img { height: 600px; border: 1px solid #cfd4de; border-radius: 10px; }
    </style>
    <img src="${left}"><img src="${right}">`,
  );
  await paper.screenshot({ path: `${FOLDER}/picture.png` });
}

test("o the main pages, for looking at", async ({ hub, page, signIn, visit }) => {
  const shoot = async (what: Page, name: string): Promise<void> => {
    await what.screenshot({ path: `${FOLDER}/${name}.png` });
  };

  await page.goto(`${hub.origin}/`);
  await expect(page.getByRole("button", { name: "Sign in" })).toBeVisible();
  await shoot(page, "sign-in");

  const missed = await visit();
  await missed.askForSomebody();
  await missed.answer("Where can we write to you?", "ada@engines.example");
  await expect(missed.log).toContainText("Thank you!");

  const jane = await signIn(hub.agent);
  await jane.goOnline();
  const visitor = await visit();
  await visitor.askForSomebody();
  await expect(visitor.page.getByRole("timer")).toBeVisible();
  await shoot(visitor.page, "widget-waiting");
  await jane.counts("Unassigned", 2);
  await jane.rows.filter({ hasText: "Waiting" }).getByRole("button").click();
  await expect(jane.log).toBeVisible();
  await shoot(jane.page, "inbox-unassigned");

  await jane.claim();
  await visitor.write("Hello! Is the Heron free over midsummer?");
  await expect(jane.log).toContainText("Heron");
  await jane.write("It is, from the 19th to the 25th. Shall I keep it for you?");
  await expect(visitor.log).toContainText("Shall I keep it");
  await visitor.write("Yes please! We are four, and a very polite dog.");
  await expect(jane.log).toContainText("polite dog");
  await jane.fill("Deal value", "960");
  await jane.fill("Currency", "eur");
  await jane.fill("Person name", "Ada");
  await jane.panel.getByRole("button", { name: "Create lead" }).click();
  await expect(jane.log).toContainText("Lead created");
  await jane.message.pressSequentially("Dogs are");
  await expect(visitor.page.getByText("is typing")).toBeVisible();
  await shoot(visitor.page, "widget-talking");
  await shoot(jane.page, "inbox-mine");
  await compose(page, visitor.page, jane.page);
  await jane.page.emulateMedia({ colorScheme: "dark" });
  await shoot(jane.page, "inbox-mine-dark");
  await jane.page.getByRole("button", { name: "Settings" }).click();
  await shoot(jane.page, "inbox-settings");
  await jane.page.getByRole("button", { name: "Done" }).click();
  await jane.page.emulateMedia({ colorScheme: "light" });
  await jane.page.setViewportSize({ width: 390, height: 780 });
  await shoot(jane.page, "inbox-phone-chat");
  await jane.page.getByRole("button", { name: "Show details" }).click();
  await shoot(jane.page, "inbox-phone-details");
  await jane.page.getByRole("button", { name: "Hide details" }).click();
  await jane.page.getByRole("button", { name: "Back to the list" }).click();
  await shoot(jane.page, "inbox-phone-list");
});

for (const colorScheme of ["light", "dark"] as const) {
  test.describe("with a receiver on this machine", () => {
    test.use({ settings: OUTSIDE });
    test(`o the pages of admins, for looking at, ${colorScheme}`, async ({ hub, signIn, visit }) => {
      const missed = await visit();
      await missed.askForSomebody();
      await missed.answer("Where can we write to you?", "ada@engines.example");
      await expect(missed.log).toContainText("Thank you!");
      const admin = await signIn(hub.admin);
      const { page } = admin;
      await admin.goOnline();
      const visitor = await visit();
      await visitor.askForSomebody();
      await admin.counts("Unassigned", 2);
      await admin.rows.filter({ hasText: "Waiting" }).getByRole("button").click();
      await admin.claim();
      await admin.write("Hello!");
      await page.emulateMedia({ colorScheme });
      const crm = await Receiver.open();
      crm.answers(422);
      await crm.hook(hub);
      await admin.panel.getByRole("button", { name: "Create lead" }).click();
      await expect(admin.panel.getByText(/^Not handed on/)).toBeVisible();
      await admin.panel.getByRole("button", { name: /^Try again/ }).click();
      await expect(admin.panel.getByText(/^Asked to try again/)).toBeVisible();
      await page.screenshot({ path: `${FOLDER}/inbox-item-failed-${colorScheme}.png` });
      await admin.close();
      const shoot = (name: string) => page.screenshot({ path: `${FOLDER}/admin-${name}-${colorScheme}.png` });
      const go = (name: string) => page.getByRole("link", { name, exact: true }).click();

      await go("Playbooks");
      await expect(page.getByRole("list", { name: "Templates" })).toContainText("Qualify leads");
      await shoot("playbooks");
      await page.getByRole("button", { name: "Use it: Qualify leads" }).click();
      await expect(page.getByRole("textbox", { name: "Playbook name" })).toHaveValue("Qualify leads");
      await shoot("editor");
      await page
        .getByRole("list", { name: "Cards" })
        .getByRole("button", { name: /^Edit One moment/ })
        .first()
        .click();
      await page.getByRole("button", { name: "I need help" }).click();
      await shoot("editor-live-chat");
      await page.getByRole("tab", { name: "Looks" }).click();
      await shoot("editor-looks");
      await page.getByRole("tab", { name: "Install" }).click();
      await page.getByRole("button", { name: "Find out" }).click();
      await expect(page.getByRole("list", { name: "Conditions" })).toBeVisible();
      await shoot("editor-install");
      await go("Team");
      await expect(page.getByRole("table", { name: "Team" })).toContainText(admin.name);
      await shoot("team");
      await go("Items");
      await expect(page.getByRole("table", { name: "Items" })).toContainText("Demo lead");
      await shoot("items");
      await go("Statistics");
      await expect(page.getByRole("table", { name: "Statistics by day" })).toBeVisible();
      await shoot("statistics");
      await go("Webhooks");
      await page.getByRole("textbox", { name: "Address to send to" }).fill("https://hooks.example/in");
      await page.getByRole("radio", { name: /^Only what is chosen/ }).check();
      await page.getByRole("checkbox", { name: /^It is over/ }).check();
      await page.getByRole("button", { name: "Add webhook" }).click();
      await page.getByRole("radio", { name: /^Only what is chosen/ }).check();
      await page.getByRole("button", { name: "Switch off https://hooks.example/in" }).click();
      await expect(page.getByText("an admin switched it off")).toBeVisible();
      await page.getByRole("button", { name: `Deliveries to ${crm.url}` }).click();
      await expect(page.getByRole("table", { name: "Deliveries" })).toContainText("item.created");
      await shoot("webhooks");
      await page.setViewportSize({ width: 390, height: 780 });
      await go("Statistics");
      await expect(page.getByRole("table", { name: "Statistics by day" })).toBeVisible();
      await shoot("statistics-phone");
      await go("Webhooks");
      await page.getByRole("radio", { name: /^Only what is chosen/ }).check();
      await page.getByRole("button", { name: `Deliveries to ${crm.url}` }).click();
      await expect(page.getByRole("table", { name: "Deliveries" })).toContainText("item.created");
      await shoot("webhooks-phone");
      crm.close();
    });
  });
}
