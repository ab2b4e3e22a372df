import { expect, test } from "./fixtures";

test("i2 what is half written, to the visitor or as a note, outlives a reload and a look at another chat, not a sign-out", async ({
  hub,
  talk,
  visit,
}) => {
  const { jane } = await talk();
  const note = jane.panel.getByLabel("Private note");
  await jane.message.fill("Half a sentence");
  await note.fill("Half a note");
  const other = await visit();
  await other.askForSomebody();
  await jane.openOnly("Unassigned");
  await expect(note).toHaveValue("");
  await jane.openOnly("My conversations");
  await expect(note).toHaveValue("Half a note");
  await expect(jane.message).toHaveValue("Half a sentence");

  await jane.page.reload();
  await expect(jane.message).toHaveValue("Half a sentence");
  await expect(note).toHaveValue("Half a note");
  await jane.panel.getByRole("button", { name: "Add note" }).click();
  await expect(jane.log).toContainText("Half a note");
  await expect(note).toHaveValue("");

  await jane.page.getByRole("button", { name: "Settings" }).click();
  await jane.page.getByRole("button", { name: "Sign out" }).click();
  await expect(jane.page.getByRole("button", { name: "Sign in" })).toBeVisible();
  expect(await jane.everythingHere()).not.toContain("Half a");
  await jane.page.goto(hub.agent.link);
  await jane.openOnly("My conversations");
  await expect(jane.message).toHaveValue("");
});

test("i8 the keyboard has a place after a lead is made, a note added, a text sent, and a chat closed", async ({
  talk,
}) => {
  const { jane } = await talk();
  const lead = jane.panel.getByRole("button", { name: "Create lead" });
  await lead.press("Enter");
  await expect(jane.log).toContainText("Lead created");
  await expect(lead).toBeDisabled();
  await expect(lead).toBeFocused();
  await lead.press("Enter");
  await jane.panel.getByLabel("Private note").fill("VIP");
  await jane.panel.getByRole("button", { name: "Add note" }).press("Enter");
  await expect(jane.panel.getByLabel("Private note")).toBeFocused();
  await jane.message.fill("Bye");
  await jane.page.getByRole("button", { name: "Send", exact: true }).press("Enter");
  await expect(jane.message).toBeFocused();
  await expect(jane.log.getByText("Lead created")).toHaveCount(1);

  await jane.page.getByRole("button", { name: "Close conversation" }).press("Enter");
  await jane.page.getByRole("button", { name: "Close for good" }).press("Enter");
  await expect(jane.message).toBeHidden();
  await expect(jane.log).toBeFocused();
});

test("r14 who hands a chat on is told what they did, at a heading that has the keyboard, and nobody is said to have been faster", async ({
  hub,
  signIn,
  talk,
}) => {
  const bob = await signIn(hub.issue("bob", "Bob", "1h"));
  const { jane } = await talk();
  await jane.page.getByRole("combobox", { name: "Assignee" }).focus();
  await jane.assignTo("Bob");
  await expect(jane.page.getByText("You handed it to Bob.")).toBeVisible();
  await expect(jane.page.getByRole("heading", { name: "Bob has it now" })).toBeFocused();
  await expect(jane.page.getByText("took it")).toHaveCount(0);
  await jane.page.screenshot({ path: test.info().outputPath("handed.png") });

  await bob.openOnly("My conversations");
  await bob.assignTo("Unassigned");
  await expect(jane.log).toBeVisible();
  await bob.claim();
  // This time it was none of Jane's doing.
  await expect(jane.page.getByRole("heading", { name: "Bob has it now" })).toBeVisible();
  await expect(jane.page.getByText(/took it|You handed/)).toHaveCount(0);
});

test("r13 who else looks at a chat is told only while it is everybody's", async ({ hub, signIn, visit }) => {
  const bob = await signIn(hub.issue("bob", "Bob", "1h"));
  const jane = await signIn(hub.agent);
  await jane.goOnline();
  const visitor = await visit();
  await visitor.askForSomebody();
  await bob.openOnly("Unassigned");
  await jane.openOnly("Unassigned");
  const beside = jane.page.getByText("Bob also looking");
  await expect(beside).toBeVisible();
  await jane.claim();
  await expect(beside).toHaveCount(0);
  await bob.page.getByRole("button", { name: "Back to the list" }).click();
  await jane.assignTo("Unassigned");
  await expect(jane.page.getByRole("button", { name: "Assign to me" })).toBeVisible();
  await expect(beside).toHaveCount(0);
});

test("i8 a field that will not do is told in the agent's own language, and the end of a sign-in with its day", async ({
  browser,
  hub,
  visit,
}) => {
  const context = await browser.newContext({ locale: "nl-NL" });
  const page = await context.newPage();
  await page.goto(hub.issue("anna", "Anna", "72h").link);
  await page.getByRole("switch", { name: "Online" }).click();
  const visitor = await visit();
  await visitor.askForSomebody();
  await page.getByRole("list", { name: "Gesprekken" }).getByRole("button").click();
  for (const [label, wrong, words] of [
    ["E-mail", "ada at home", "Vul een geldig e-mailadres in."],
    ["Telefoon", "many", "Vul een geldig telefoonnummer in."],
    ["Valuta", "€", "Vul een valutacode van drie letters in, zoals EUR."],
    ["Dealwaarde", "12.345,678", "Vul een getal in van 0 of meer, met hoogstens twee decimalen."],
  ] as const) {
    const field = page.getByLabel(label, { exact: true });
    await field.fill(wrong);
    await field.blur();
    await expect(field).toHaveAccessibleDescription(words);
  }
  await page.screenshot({ path: test.info().outputPath("dutch.png") });
  await page.getByRole("button", { name: "Instellingen" }).click();
  await expect(page.getByText(/^Aangemeld als Anna, tot \d+ [a-z]+\.?,? \d\d:\d\d\.$/)).toBeVisible();
  await context.close();
});
