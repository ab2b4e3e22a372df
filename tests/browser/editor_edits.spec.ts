import { box, card, edit, outline, save, stored } from "./editing";
import { expect, test } from "./fixtures";

const LIVE = "One moment, we are finding somebody for you.";

test("i5 Ctrl S saves what stands in the box one is in, whichever it is", async ({ hub, signIn }) => {
  const admin = await signIn(hub.admin);
  const page = await edit(admin);
  const saved = async (version: number) => {
    await page.keyboard.press("Control+s");
    await expect(page.getByText(`Saved as version ${version}`)).toBeVisible();
  };
  await card(page, LIVE).click();
  await box(page, "Wait time").fill("45");
  await expect(page.getByText("Unsaved changes")).toBeVisible();
  await saved(2);
  await expect(box(page, "Wait time")).toBeFocused();

  await box(page, "Name").fill("agent");
  await saved(3);
  await expect(box(page, "Name")).toBeFocused();

  await page.getByRole("tab", { name: "Looks" }).click();
  await box(page, "Opens by itself after").fill("7,5");
  await saved(4);
  await expect(box(page, "Opens by itself after")).toHaveValue("7,5");

  await page.getByRole("tab", { name: "Install" }).click();
  await box(page, "Pages that may show it").pressSequentially("https://a.example\nhttps://b.example");
  await saved(5);
  const now = await stored(hub);
  expect(now).toMatchObject({ open_after_ms: 7_500, origins: ["https://a.example", "https://b.example"] });
  expect(now.cards.agent).toMatchObject({ wait_ms: 45_000 });
  expect(now.cards.live).toBeUndefined();
  expect(admin.faults).toEqual([]);
});

test("i5 what is unsaved is not left unasked: neither by closing the tab anywhere in the inbox nor by signing out", async ({
  hub,
  signIn,
}) => {
  const admin = await signIn(hub.admin);
  const page = await edit(admin);
  await card(page, LIVE).click();
  // A name that no card has yet is unsaved, too.
  await box(page, "Name").fill("agent");
  const asked = async () => {
    const [question] = await Promise.all([page.waitForEvent("dialog"), page.close({ runBeforeUnload: true })]);
    expect(question.type()).toBe("beforeunload");
    await question.dismiss();
  };
  await asked();
  await admin.folder("Unassigned").click();
  await expect(page.getByRole("searchbox", { name: "Search" })).toBeVisible();
  await asked();

  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  const question = page.getByRole("dialog", { name: "Sign out without saving?" });
  await question.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("button", { name: "Done" }).click();
  await page.goBack();
  await card(page, LIVE).click();
  await expect(box(page, "Name")).toHaveValue("agent");
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await question.getByRole("button", { name: "Sign out", exact: true }).click();
  await expect(admin.online).toBeHidden();
  expect((await stored(hub)).version).toBe(1);
});

test("i5 undo takes back the last change and no other, and redo brings it back", async ({ hub, signIn }) => {
  const admin = await signIn(hub.admin);
  const page = await edit(admin);
  const [undo, redo] = ["Undo", "Redo"].map((name) => page.getByRole("button", { name, exact: true }));
  if (undo === undefined || redo === undefined) throw new Error("two buttons");
  const email = card(page, "Where can we write to you?");
  await outline(page).getByRole("button", { name: "Delete Where can we write to you?" }).click();
  await box(page, "Playbook name").fill("Boats");
  await card(page, "Enjoy your visit.").click();
  await box(page, "Text").pressSequentially(" Ahoy!");
  await page.getByRole("tab", { name: "Looks" }).click();
  await box(page, "Bot name").fill("Harbour");

  await undo.click();
  await expect(box(page, "Bot name")).toHaveValue("Lantern");
  await undo.click();
  // Back at the card, and what was typed in one go is one step.
  await expect(box(page, "Text")).toHaveValue("Enjoy your visit.");
  await expect(box(page, "Playbook name")).toHaveValue("Boats");
  await undo.click();
  await expect(box(page, "Playbook name")).toHaveValue("Demo");
  await expect(email).toHaveCount(0);
  await undo.click();
  await expect(email).toBeVisible();
  await expect(undo).toBeDisabled();
  await expect(save(page)).toBeDisabled();

  await email.focus();
  for (const _ of [1, 2, 3, 4]) await page.keyboard.press("Control+Shift+z");
  await expect(redo).toBeDisabled();
  await expect(email).toHaveCount(0);
  await expect(box(page, "Playbook name")).toHaveValue("Boats");
  await page.getByRole("tab", { name: "Looks" }).click();
  await expect(box(page, "Bot name")).toHaveValue("Harbour");
  await page.keyboard.press("Control+z");
  await expect(box(page, "Bot name")).toHaveValue("Lantern");

  await test.step("an answer goes with what only it led to, and both come back", async () => {
    await page.getByRole("tab", { name: "Cards" }).click();
    await card(page, "Hi! What brings you here?").click();
    await page.getByRole("button", { name: "Delete answer 1" }).click();
    await expect(card(page, LIVE)).toHaveCount(0);
    await expect(page.getByText("Nothing leads here")).toHaveCount(0);
    await save(page).click();
    await expect(page.getByText("Saved as version 2")).toBeVisible();
    await undo.click();
    await expect(box(page, "Answer 1")).toHaveValue("Talk to someone");
    await expect(card(page, LIVE)).toBeVisible();
    await save(page).click();
    await expect(page.getByText("Saved as version 3")).toBeVisible();
  });
  expect(Object.keys((await stored(hub)).cards).sort()).toEqual(["bye", "done", "hello", "live"]);
  expect(admin.faults).toEqual([]);
});

test("i5 what cannot be saved is told at once, in words, and no longer than it is so", async ({ hub, signIn }) => {
  const admin = await signIn(hub.admin);
  const page = await edit(admin);
  await page.getByRole("tab", { name: "Looks" }).click();
  const opens = box(page, "Opens by itself after");
  await opens.fill("soon");
  await expect(opens).toHaveAccessibleDescription("must be a number of seconds, like 60");
  await box(page, "Bot name").fill("");
  await save(page).click();
  const refused = page.getByRole("alert").filter({ hasText: "Not saved. The hub found:" });
  await expect(refused).toContainText("Opens by itself after: must be a number of seconds");
  await expect(opens).toHaveValue("soon");
  expect((await stored(hub)).version).toBe(1);

  await opens.fill("5 s");
  await expect(opens).toHaveAttribute("aria-invalid", "false");
  await save(page).click();
  await expect(refused).toContainText("Bot name: must not be empty");
  await box(page, "Bot name").fill("Harbour");
  await expect(box(page, "Bot name")).toHaveAttribute("aria-invalid", "false");
  await expect(refused).toBeHidden();
  await save(page).click();
  await expect(page.getByText("Saved as version 2")).toBeVisible();
  expect(await stored(hub)).toMatchObject({ open_after_ms: 5_000, appearance: { bot_name: "Harbour" } });

  await page.getByRole("tab", { name: "Cards" }).click();
  await card(page, LIVE).click();
  await box(page, "Name").fill("");
  await page.keyboard.press("Control+s");
  await expect(page.getByText("A card needs a name.")).toBeVisible();
  await box(page, "Name").fill("bye");
  await save(page).click();
  await expect(page.getByText("Another card has this name.")).toBeVisible();
  await expect(page.getByText("Unsaved changes")).toBeVisible();
  await page.getByRole("button", { name: "Undo", exact: true }).click();
  await expect(box(page, "Name")).toHaveValue("live");
  expect((await stored(hub)).version).toBe(2);
  expect(admin.faults).toEqual([]);
});

test.describe("in Dutch", () => {
  test.use({ locale: "nl-NL" });
  test("i8 what the hub refuses is told in the reader's language", async ({ browser, hub }) => {
    const context = await browser.newContext({ locale: "nl-NL" });
    const page = await context.newPage();
    await page.goto(hub.admin.link);
    await page.getByRole("link", { name: "Draaiboeken" }).click();
    await page.getByRole("list", { name: "Draaiboeken" }).getByRole("link", { name: "Demo", exact: true }).click();
    await page.getByRole("tab", { name: "Uiterlijk" }).click();
    await box(page, "Naam van de bot").fill("");
    await page.getByRole("button", { name: "Opslaan", exact: true }).click();
    await expect(page.getByRole("alert")).toContainText("Naam van de bot: mag niet leeg zijn");
    await expect(box(page, "Naam van de bot")).toHaveAccessibleDescription("mag niet leeg zijn");
    await context.close();
  });
});
