import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import type { Desk } from "./desk";
import { expect, test } from "./fixtures";
import { OUTSIDE, Receiver } from "./receiver";

const pages = ["Playbooks", "Team", "Items", "Statistics", "Webhooks"];

async function go(admin: Desk, page: string): Promise<Page> {
  await admin.page.getByRole("link", { name: page, exact: true }).click();
  await expect(admin.page.getByRole("heading", { name: page, exact: true })).toBeVisible();
  return admin.page;
}

/** Presses what saves a file, and reads it. */
async function saved(page: Page, button: string): Promise<{ name: string; text: string }> {
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: button }).click()]);
  return { name: file.suggestedFilename(), text: await readFile(await file.path(), "utf8") };
}

test("i6 an admin sees who is there as it changes, switches somebody off, and removes them", async ({
  hub,
  signIn,
}) => {
  const admin = await signIn(hub.admin);
  const jane = await signIn(hub.agent);
  await jane.goOnline();
  for (const name of pages) await expect(jane.page.getByRole("link", { name, exact: true })).toHaveCount(0);
  await jane.page.goto(`${hub.origin}/#/team`);
  await expect(jane.page.getByText("That takes an admin.")).toBeVisible();
  await jane.folder("Unassigned").click();

  const page = await go(admin, "Team");
  const row = page.getByRole("row", { name: jane.name });
  await expect(row).toContainText("online");
  await page.getByRole("button", { name: `Switch off ${jane.name}` }).click();
  await expect(row).toContainText("offline");
  await expect(jane.online).not.toBeChecked();
  await jane.goOnline();
  await expect(row).toContainText("online");

  await page.getByRole("button", { name: `Remove ${jane.name}` }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove", exact: true }).click();
  await expect(page.getByRole("row", { name: jane.name })).toHaveCount(0);
  await expect(jane.page.getByRole("alert")).toContainText("Your sign-in has ended");
  expect([...admin.faults, ...jane.faults]).toEqual([]);
});

test("i6 items stand in a table with whom they are about, and go into a file as CSV", async ({
  hub,
  signIn,
  visit,
}) => {
  const visitor = await visit();
  await visitor.askForSomebody();
  await visitor.answer("Where can we write to you?", "ada@engines.example");
  await expect(visitor.log).toContainText("Thank you!");
  const admin = await signIn(hub.admin);
  const page = await go(admin, "Items");
  const table = page.getByRole("table", { name: "Items" });
  await expect(table.getByRole("row")).toHaveCount(3);
  await expect(table.getByRole("row", { name: /Demo lead/ })).toContainText("ada@engines.example");
  await page.getByRole("combobox", { name: "Kind" }).selectOption("activity");
  await expect(table.getByRole("row")).toHaveCount(2);
  await expect(table).toContainText("Write back");
  await page.getByRole("combobox", { name: "Kind" }).selectOption("");
  await expect(table.getByRole("row")).toHaveCount(3);
  const { name, text } = await saved(page, "Save as CSV");
  expect(name).toBe("items.csv");
  const lines = text.trim().split(/\r?\n/);
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatch(/^"?id"?,"?kind"?,"?title/);
  expect(text).toContain("ada@engines.example");

  await table.getByRole("link", { name: "Demo lead" }).click();
  await expect(admin.log).toContainText("Lead created");
  expect(admin.faults).toEqual([]);
});

test("i6 a webhook is made with a secret that is shown once, refused in words, and deleted", async ({
  hub,
  signIn,
}) => {
  const admin = await signIn(hub.admin);
  const page = await go(admin, "Webhooks");
  const address = page.getByRole("textbox", { name: "Address to send to" });
  await address.fill("ftp://hooks.example/in");
  await page.getByRole("button", { name: "Add webhook" }).click();
  await expect(address).toHaveAttribute("aria-invalid", "true");
  await expect(address).toHaveAccessibleDescription(/https/);
  await address.fill("https://hooks.example/in");
  await page.getByRole("button", { name: "Add webhook" }).click();
  await expect(page.getByRole("textbox", { name: "Secret" })).toHaveValue(/^whsec_/);
  const list = page.getByRole("list", { name: "Webhooks" });
  await expect(list).toContainText("https://hooks.example/in");
  await page.getByRole("button", { name: "Deliveries to https://hooks.example/in" }).click();
  await expect(page.getByRole("table", { name: "Deliveries" })).toContainText("Nothing was sent yet.");
  await go(admin, "Team");
  await go(admin, "Webhooks");
  await expect(page.getByRole("textbox", { name: "Secret" })).toHaveCount(0);
  await page.getByRole("button", { name: "Delete https://hooks.example/in" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete", exact: true }).click();
  await expect(list).toContainText("There is no webhook.");
  expect(admin.faults).toEqual([]);
});

test.describe("with a receiver on this machine", () => {
  test.use({ settings: OUTSIDE });

  test("i6 a webhook hears of the topics chosen for it, is switched off and on, and what failed is tried again", async ({
    agent,
    hub,
    signIn,
    visit,
  }) => {
    const crm = await Receiver.open();
    try {
      const admin = await signIn(hub.admin);
      const page = await go(admin, "Webhooks");
      await page.getByRole("textbox", { name: "Address to send to" }).fill(crm.url);
      const topics = page.getByRole("group", { name: "What it is told" });
      await expect(topics.getByRole("radio", { name: /^Everything/ })).toBeChecked();
      await expect(topics.getByRole("checkbox")).toHaveCount(0);
      await topics.getByRole("radio", { name: /^Only what is chosen/ }).check();
      const add = page.getByRole("button", { name: "Add webhook" });
      await expect(add).toBeDisabled();
      await topics.getByRole("checkbox", { name: /^It is over/ }).check();
      await topics.getByRole("checkbox", { name: /^A lead, deal or activity/ }).check();
      await add.click();
      const row = page.getByRole("list", { name: "Webhooks" }).getByRole("listitem").filter({ hasText: crm.url });
      await expect(row).toContainText("conversation.closed, item.created");
      await expect(topics.getByRole("radio", { name: /^Everything/ })).toBeChecked();

      crm.answers(422);
      const jane = await agent();
      const visitor = await visit();
      await visitor.askForSomebody();
      await jane.claim();
      const lead = (key: string) =>
        jane.ask({ type: "item", conversation: jane.conversation, kind: "lead", title: "Ada", key });
      await lead("one");
      await expect.poll(() => crm.messages.map(({ type }) => type)).toEqual(["item.created"]);

      await page.getByRole("button", { name: `Deliveries to ${crm.url}` }).click();
      const table = page.getByRole("table", { name: "Deliveries" });
      await expect(async () => {
        await page.getByRole("button", { name: "Look again" }).click();
        await expect(table.getByRole("row", { name: /item\.created/ })).toContainText("given up", { timeout: 500 });
      }).toPass();
      await expect(table.getByRole("row", { name: /item\.created/ })).toContainText("422");
      crm.answers(204);
      await table.getByRole("button", { name: /^Try again/ }).click();
      await expect.poll(() => crm.messages.length).toBe(2);
      await expect(async () => {
        await page.getByRole("button", { name: "Look again" }).click();
        await expect(table.getByRole("row", { name: /item\.created/ })).toContainText("delivered", { timeout: 500 });
      }).toPass();
      await expect(table.getByRole("button", { name: /^Try again/ })).toHaveCount(0);
      expect(new Set(crm.messages.map(({ id }) => id)).size).toBe(1);

      await test.step("switched off it hears nothing, switched on it hears what happens from then on", async () => {
        await page.getByRole("button", { name: `Switch off ${crm.url}` }).click();
        await expect(row).toContainText("an admin switched it off");
        await lead("two");
        await page.getByRole("button", { name: `Switch on ${crm.url}` }).click();
        await expect(row).not.toContainText("switched it off");
        await jane.close();
        await expect
          .poll(() => crm.messages.map(({ type }) => type))
          .toEqual(["item.created", "item.created", "conversation.closed"]);
      });
      expect(admin.faults).toEqual([]);
    } finally {
      crm.close();
    }
  });
});

test("i6 statistics count what happened today, in sums, plots and a table", async ({ agent, hub, signIn, visit }) => {
  const missed = await visit();
  await missed.askForSomebody();
  await expect(missed.log).toContainText("Nobody is free right now.");
  const jane = await agent();
  const visitor = await visit();
  await visitor.askForSomebody();
  await jane.claim();
  await jane.say("Hello");
  await jane.close();
  const admin = await signIn(hub.admin);
  const page = await go(admin, "Statistics");
  const table = page.getByRole("table", { name: "Statistics by day" });
  await expect(table.getByRole("row")).toHaveCount(8);
  const cells = table.getByRole("row").last().getByRole("cell");
  await expect(cells.nth(0)).toHaveText("2");
  await expect(cells.nth(1)).toHaveText("1");
  await expect(cells.nth(2)).toHaveText("1");
  await expect(cells.nth(3)).toHaveText("1");
  await expect(cells.nth(4)).toHaveText(/^[\d.:]+ (ms|s|min)$/);
  await expect(cells.nth(5)).toHaveText(/^[\d.:]+ (ms|s|min)$/);
  const plot = page.getByRole("figure").filter({ hasText: /^Conversations/ });
  await expect(plot.locator("rect")).toHaveCount(7);
  await expect(plot).toContainText("number");
  // From nothing to all, and the day of today below.
  await expect(plot.locator(".ticks span")).toHaveText(["0", "1", "2"]);
  await expect(plot.locator(".dates span").last()).toHaveText(/^\d{1,2} \p{L}+$/u);
  const today = (await table.getByRole("row").last().getByRole("rowheader").textContent()) ?? "";
  await expect(plot.getByRole("img")).toHaveAccessibleName(new RegExp(`by day, .* 2 at most, on ${today}`));
  const response = page.getByRole("figure").filter({ hasText: /^First response/ });
  await expect(response.locator("figcaption")).toHaveText(/(milliseconds|seconds|minutes)$/);
  await expect(
    page
      .getByRole("figure")
      .filter({ hasText: /^Lateness/ })
      .getByRole("img"),
  ).toHaveAccessibleName(/./);
  await page.getByRole("combobox", { name: "Days" }).selectOption("14");
  await expect(table.getByRole("row")).toHaveCount(15);
  expect(admin.faults).toEqual([]);
});

test("i6 a conversation is saved as text, JSON and CSV", async ({ talk }) => {
  const { jane, visitor } = await talk();
  await visitor.write("Keep this, please");
  await expect(jane.log).toContainText("Keep this, please");
  const text = await saved(jane.page, "Save transcript as Text");
  expect(text.name).toMatch(/^c_.*\.txt$/);
  expect(text.text).toContain("Keep this, please");
  const json = await saved(jane.page, "Save transcript as JSON");
  expect(JSON.parse(json.text).events.at(-1)).toMatchObject({ type: "message", text: "Keep this, please" });
  const csv = await saved(jane.page, "Save transcript as CSV");
  expect(csv.text).toContain("Keep this, please");
  expect(csv.text.split("\n")[0]).toContain("seq");
});

test("i2 a / offers the canned answers, Enter takes one, and they are changed by one agent at a time", async ({
  hub,
  talk,
}) => {
  const { jane, visitor } = await talk();
  await jane.message.fill("/");
  await expect(jane.page.getByText("No answer fits.")).toBeVisible();
  await jane.page.getByRole("button", { name: "Edit canned answers" }).click();
  const dialog = jane.page.getByRole("dialog", { name: "Canned answers" });
  for (const [index, name, text] of [
    [1, "greeting", "Hello! How can I help?"],
    [2, "hours", "We are here from nine to five."],
  ] as const) {
    await dialog.getByRole("button", { name: "Add an answer" }).click();
    await dialog.getByRole("textbox", { name: `Name ${index}` }).fill(name);
    await dialog.getByRole("textbox", { name: `Text ${index}` }).fill(text);
  }
  await dialog.getByRole("button", { name: "Save", exact: true }).click();
  await expect(dialog).toBeHidden();

  const offer = jane.page.getByRole("listbox", { name: "Canned answers" });
  await expect(offer.getByRole("option")).toHaveCount(2);
  await jane.message.press("ArrowDown");
  await expect(offer.getByRole("option", { name: /hours/ })).toHaveAttribute("aria-selected", "true");
  await jane.message.press("Escape");
  await expect(offer).toBeHidden();
  await expect(jane.message).toHaveValue("/");
  await jane.message.pressSequentially("gre");
  await expect(offer.getByRole("option")).toHaveCount(1);
  await jane.message.press("Enter");
  await expect(jane.message).toHaveValue("Hello! How can I help?");
  await jane.message.press("Enter");
  await expect(visitor.log).toContainText("Hello! How can I help?");
  await expect(visitor.log).not.toContainText("/gre");

  await test.step("of two who change them the later is told", async () => {
    await jane.message.fill("/");
    await jane.page.getByRole("button", { name: "Edit canned answers" }).click();
    await expect(dialog.getByRole("textbox", { name: "Name 1" })).toHaveValue("greeting");
    const bob = { canned: [{ name: "bye", text: "Good bye!" }] };
    const answer = await hub.rest("PUT", "/v1/canned", bob, { "if-match": '"1"' });
    expect(answer.status).toBe(200);
    await dialog.getByRole("textbox", { name: "Name 1" }).fill("hi");
    await dialog.getByRole("button", { name: "Save", exact: true }).click();
    await expect(dialog.getByText("Somebody else changed them meanwhile.")).toBeVisible();
    await dialog.getByRole("button", { name: "Load theirs" }).click();
    await expect(dialog.getByRole("textbox", { name: "Name 1" })).toHaveValue("bye");
    await dialog.getByRole("textbox", { name: "Name 1" }).fill("two words, and a / in it");
    await dialog.getByRole("button", { name: "Save", exact: true }).click();
    await expect(dialog).toBeHidden();
  });
  expect(jane.faults).toEqual([]);
});

test("i6 a visitor is erased by an admin, after asking, from every open page and for good", async ({
  hub,
  signIn,
  visit,
}) => {
  const visitor = await visit();
  await visitor.askForSomebody();
  await visitor.answer("Where can we write to you?", "ada@engines.example");
  await expect(visitor.log).toContainText("Thank you!");
  const jane = await signIn(hub.agent);
  const admin = await signIn(hub.admin);
  await jane.openOnly("Unassigned");
  await expect(jane.page.getByRole("button", { name: "Erase this visitor…" })).toHaveCount(0);
  await admin.openOnly("Unassigned");
  await admin.close();
  await admin.openOnly("Closed");
  await expect(admin.panel.getByLabel("E-mail")).toHaveValue("ada@engines.example");
  await admin.panel.getByRole("button", { name: "Erase this visitor…" }).click();
  const dialog = admin.page.getByRole("dialog", { name: /^Erase Visitor/ });
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(admin.panel.getByLabel("E-mail")).toHaveValue("ada@engines.example");
  await admin.panel.getByRole("button", { name: "Erase this visitor…" }).click();
  await dialog.getByRole("button", { name: "Erase for good" }).click();
  await expect(admin.panel.getByLabel("E-mail")).toHaveValue("");
  await expect(admin.log).toContainText("The visitor was erased");
  await admin.page.reload();
  await expect(admin.log).toContainText("The visitor was erased");
  expect(await admin.everythingHere()).not.toContain("ada@engines.example");
});
