import { resolve } from "node:path";
import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures";

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
});
