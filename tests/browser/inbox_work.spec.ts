import { Desk } from "./desk";
import { expect, test } from "./fixtures";
import { demoPlaybook } from "./playbook";

test("i1 an agent works by keyboard alone: goes through the list, takes a chat, answers, closes", async ({
  hub,
  signIn,
  visit,
}) => {
  const jane = await signIn(hub.agent);
  await jane.goOnline();
  const first = await visit();
  await first.askForSomebody();
  await jane.counts("Unassigned", 1);
  const second = await visit();
  await second.askForSomebody();
  await jane.counts("Unassigned", 2);
  const keys = jane.page.keyboard;
  const open = (nth: number) => expect(jane.rows.nth(nth).getByRole("button")).toHaveAttribute("aria-current", "true");

  await keys.press("j");
  await open(0);
  await keys.press("ArrowDown");
  await open(1);
  await keys.press("k");
  await open(0);
  await expect(jane.log).toContainText("Talk to someone");
  await keys.press("a");
  // Who takes a chat wants to write: no key is needed for that.
  await expect(jane.message).toBeFocused();
  await keys.type("Hello, j and a are letters here.");
  await keys.press("Enter");
  await expect(first.log).toContainText("Hello, j and a are letters here.");
  await keys.press("Escape");
  await expect(jane.message).not.toBeFocused();
  await keys.press("m");
  await expect(jane.message).toBeFocused();
  await keys.press("Escape");
  await keys.press("e");
  await expect(jane.page.getByRole("dialog", { name: "Close this chat for good?" })).toBeVisible();
  await keys.press("Escape");
  await expect(jane.log).toBeVisible();
  await keys.press("?");
  await expect(jane.page.getByRole("dialog", { name: "Keyboard shortcuts" })).toContainText("Next conversation");
  await jane.page.getByRole("button", { name: "Done" }).click();
  await keys.press("Escape");
  await expect(jane.log).toBeHidden();
  await keys.press("/");
  await expect(jane.page.getByRole("searchbox", { name: "Search" })).toBeFocused();

  await jane.page.getByRole("button", { name: "Settings" }).click();
  await jane.page.getByRole("checkbox", { name: "Shortcuts of a single letter" }).uncheck();
  await jane.page.getByRole("button", { name: "Done" }).click();
  await jane.folder("Unassigned").click();
  await keys.press("j");
  await keys.press("a");
  await jane.counts("Unassigned", 1);
  await keys.press("ArrowDown");
  await open(0);
  expect(jane.faults).toEqual([]);
});

test("i1 a search finds words of a folder, and what it found goes with the chat when another agent takes it", async ({
  agent,
  hub,
  signIn,
  visit,
}) => {
  const jane = await signIn(hub.agent);
  await jane.goOnline();
  const visitor = await visit();
  await visitor.askForSomebody();
  await visitor.write("Is the Kingfisher cabin free?");
  const other = await visit();
  await other.askForSomebody();
  await other.write("Something else");
  await jane.counts("Unassigned", 2);
  const search = jane.page.getByRole("searchbox", { name: "Search" });

  await search.fill("kingfisher");
  await expect(jane.rows).toHaveCount(1);
  await expect(jane.rows).toContainText("Kingfisher");
  await expect(jane.page.getByText("1 found")).toBeVisible();
  await search.fill("no such words");
  await expect(jane.page.getByText("Nothing found.")).toBeVisible();
  await expect(jane.rows).toHaveCount(0);
  await search.fill("Kingfisher");
  await expect(jane.rows).toHaveCount(1);

  const bob = await agent(hub.issue("bob", "Bob", "1h"));
  await bob.claim();
  await expect(jane.rows).toHaveCount(0);
  await expect.poll(() => jane.everythingHere()).not.toContain("cabin free");
  await search.press("Escape");
  await expect(jane.rows).toHaveCount(1);
  await expect(jane.rows).toContainText("Something else");
});

test("i1 a waiting time counts, an unread text shows in the row, the title and the icon until it is read", async ({
  hub,
  signIn,
  visit,
}) => {
  const jane = await signIn(hub.agent);
  const icon = jane.page.locator("link[rel=icon]");
  await expect(jane.page).toHaveTitle("Usher");
  await jane.goOnline();
  const visitor = await visit();
  await visitor.askForSomebody();
  await expect(jane.rows).toContainText(/Waiting 0:0[1-9]/);
  await expect(jane.page).toHaveTitle("(1) Usher");
  await expect(icon).toHaveAttribute("data-dotted", "");
  await jane.openOnly("Unassigned");
  await jane.claim();
  await expect(jane.page).toHaveTitle("Usher");
  await expect(icon).not.toHaveAttribute("data-dotted", "");

  await jane.page.keyboard.press("Escape");
  await jane.page.keyboard.press("Escape");
  await expect(jane.log).toBeHidden();
  await visitor.write("Are you there?");
  await expect(jane.rows).toContainText(/1.unread/);
  await expect(jane.rows).toContainText("Are you there?");
  await expect(jane.page).toHaveTitle("(1) Usher");
  await jane.openOnly("My conversations");
  await expect(jane.rows).not.toContainText("unread");
  await expect(jane.page).toHaveTitle("Usher");
});

test("r11 who loses a claim is told who took it and how long ago", async ({ agent, browser, hub, visit }) => {
  const context = await browser.newContext();
  const page = await context.newPage();
  // What the hub says to this page can be held back, so that its claim is made after Anna's and before the news of it.
  const held: (string | Buffer)[] = [];
  let holding = false;
  let pass = (_message: string | Buffer) => {};
  await page.routeWebSocket(/\/v1\/agent/, (near) => {
    const far = near.connectToServer();
    pass = (message) => near.send(message);
    far.onMessage((message) => (holding ? held.push(message) : near.send(message)));
  });
  const jane = await Desk.signIn(page, hub, hub.agent);
  await jane.goOnline();
  const visitor = await visit();
  await visitor.askForSomebody();
  await jane.openOnly("Unassigned");
  const anna = await agent(hub.issue("anna", "Anna", "1h"));
  holding = true;
  await anna.claim();
  await jane.page.getByRole("button", { name: "Assign to me" }).click();
  // By now it is told in the hub that it came too late; the page hears it, and all before it, at once.
  await expect.poll(() => held.some((message) => String(message).includes('"conflict"'))).toBe(true);
  holding = false;
  for (const message of held) pass(message);
  await expect(jane.page.getByRole("heading", { name: "Anna took it first" })).toBeVisible();
  await expect(jane.page.getByText(/^Anna took it \d+(\.\d)? s ago$/)).toBeVisible();
  await jane.counts("Unassigned", 0);
  await expect(visitor.speaker()).toHaveText("Anna");
  expect(await jane.everythingHere()).not.toContain("Talk to someone");
  await context.close();
});

test("i3 a field saves as it is left and says who else changed it, also while one is typing", async ({
  hub,
  signIn,
  visit,
}) => {
  const bob = await signIn(hub.issue("bob", "Bob", "1h"));
  const jane = await signIn(hub.agent);
  await jane.goOnline();
  const visitor = await visit();
  await visitor.askForSomebody();
  await jane.openOnly("Unassigned");
  await bob.openOnly("Unassigned");
  await bob.fill("Organisation name", "Engines Ltd");
  const field = jane.panel.getByLabel("Organisation name", { exact: true });
  await expect(field).toHaveValue("Engines Ltd");
  await expect(field).toHaveAccessibleDescription(/Changed by Bob, \d\d:\d\d/);

  await field.fill("Analytical");
  await bob.fill("Organisation name", "Difference Ltd");
  await expect(field).toHaveAccessibleDescription(/Bob changed it meanwhile to “Difference Ltd”/);
  await expect(field).toHaveValue("Analytical");
  await field.blur();
  await expect(field).toHaveAccessibleDescription("Saved");
  await expect(bob.panel.getByLabel("Organisation name", { exact: true })).toHaveValue("Analytical");
  await expect(bob.panel.getByLabel("Organisation name", { exact: true })).toHaveAccessibleDescription(
    new RegExp(`Changed by ${jane.name}`),
  );
});

test.describe("where the playbook lets agents see it", () => {
  test.use({ playbook: { ...demoPlaybook(60_000), typing_preview: true } });

  test("i2 what the visitor has not sent yet is shown to their agent, and gone when it is sent or left", async ({
    talk,
  }) => {
    const { jane, visitor } = await talk();
    await visitor.message.pressSequentially("Half a thought", { delay: 60 });
    // To the last letter, though nothing is typed after it.
    await expect(jane.log).toContainText(/is typing:\s*Half a thought$/);
    await visitor.message.press("Enter");
    await expect(jane.log).not.toContainText("is typing");
    await expect(jane.log.getByText("Half a thought")).toHaveCount(1);
  });
});

test("i2 what is half written stays with its chat, and is gone with it when that is given away", async ({
  hub,
  signIn,
  talk,
}) => {
  const bob = await signIn(hub.issue("bob", "Bob", "1h"));
  const { jane } = await talk();
  await jane.message.fill("Half a sentence about the boat");
  await jane.folder("Closed").click();
  await jane.page.keyboard.press("Escape");
  await expect(jane.log).toBeHidden();
  await jane.openOnly("My conversations");
  await expect(jane.message).toHaveValue("Half a sentence about the boat");
  await jane.assignTo("Bob");
  await expect(jane.page.getByText("Bob has it now")).toBeVisible();
  await jane.page.getByRole("button", { name: "Back to the list" }).click();
  expect(await jane.everythingHere()).not.toContain("about the boat");
  await bob.openOnly("My conversations");
  await expect(bob.message).toHaveValue("");
});

test("i2 the chat one has open is open again after a reload, and a strange address is explained", async ({
  hub,
  talk,
}) => {
  const { jane, visitor } = await talk();
  await visitor.write("Before the reload");
  await expect(jane.log).toContainText("Before the reload");
  await jane.page.reload();
  await expect(jane.log).toContainText("Before the reload");
  await expect(jane.message).toBeVisible();
  await expect(jane.folder("My conversations")).toHaveAttribute("aria-current", "page");
  await jane.page.goBack();
  await expect(jane.log).toBeHidden();
  await jane.page.goto(`${hub.origin}/#/c/c_nothing`);
  await expect(jane.page.getByText("Not yours to see any more")).toBeVisible();
});

test("i2 a text under way when the chat is closed is told as not sent, and reaches nobody", async ({
  browser,
  hub,
  signIn,
  visit,
}) => {
  const context = await browser.newContext();
  const page = await context.newPage();
  // What this page says can be held back on its way.
  const held: (string | Buffer)[] = [];
  let holding = false;
  let pass = (_message: string | Buffer) => {};
  await page.routeWebSocket(/\/v1\/agent/, (near) => {
    const far = near.connectToServer();
    pass = (message) => far.send(message);
    near.onMessage((message) => {
      if (holding && String(message).includes('"send"')) held.push(message);
      else far.send(message);
    });
  });
  const jane = await Desk.signIn(page, hub, hub.agent);
  await jane.goOnline();
  const admin = await signIn(hub.admin);
  const visitor = await visit();
  await visitor.askForSomebody();
  await jane.openOnly("Unassigned");
  await jane.claim();
  await jane.write("First");
  await expect(visitor.log).toContainText("First");
  await admin.openOnly("All");

  holding = true;
  await jane.write("Too late");
  await expect(jane.log).toContainText("sending…");
  await admin.close();
  await expect(jane.message).toBeHidden();
  for (const message of held) pass(message);
  await expect(jane.log.getByRole("alert")).toContainText("closed");
  await expect(jane.log).toContainText("not sent");
  await expect(visitor.page.getByText("This chat has ended.")).toBeVisible();
  await expect(visitor.log).not.toContainText("Too late");
  await expect(admin.log).not.toContainText("Too late");
  await jane.log.getByRole("button", { name: "Remove" }).click();
  await expect(jane.log).not.toContainText("Too late");
  await context.close();
});

test.describe("in Dutch", () => {
  test("i8 the inbox speaks the browser's language, and another one when asked", async ({ browser, hub, visit }) => {
    const context = await browser.newContext({ locale: "nl-NL" });
    const page = await context.newPage();
    await page.goto(hub.agent.link);
    await expect(page.getByRole("navigation", { name: "Mappen" })).toContainText("Niet toegewezen");
    await expect(page.locator("html")).toHaveAttribute("lang", "nl");
    await page.getByRole("switch", { name: "Online" }).click();
    const visitor = await visit();
    await visitor.askForSomebody();
    await expect(page.getByRole("list", { name: "Gesprekken" })).toContainText(/Wacht \d:\d\d/);
    await page.getByRole("button", { name: "Instellingen" }).click();
    await page.getByRole("combobox", { name: "Taal" }).selectOption("en");
    await expect(page.getByRole("navigation", { name: "Folders" })).toContainText("Unassigned");
    await page.reload();
    await expect(page.getByRole("list", { name: "Conversations" })).toBeVisible();
    await context.close();
  });
});

test("i1 a row has the visitor's name, last words and page, and says that they left; the switch is bottom left", async ({
  agent,
  hub,
  signIn,
  visit,
}) => {
  const jane = await signIn(hub.agent);
  const box = await jane.online.boundingBox();
  expect(box?.x).toBeLessThan(200);
  expect(box?.y).toBeGreaterThan(700);
  await expect(jane.folder("All")).toHaveCount(0);
  await jane.goOnline();
  const visitor = await visit(`${hub.origin}/demo?lamps`);
  await visitor.askForSomebody();
  await visitor.write("Do you have lamps?");
  await expect(jane.rows).toContainText(/Visitor \S{4}/);
  await expect(jane.rows).toContainText("Do you have lamps?");
  const title = await visitor.page.title();
  await expect(jane.rows).toContainText(title);
  await jane.openOnly("Unassigned");
  await jane.fill("Person name", "Ada Lovelace");
  await jane.page.getByRole("combobox", { name: "Assignee" }).waitFor();

  await test.step("the agents in the drop-down say whether they are there", async () => {
    const bob = await agent(hub.issue("bob", "Bob", "1h"));
    const assignee = jane.page.getByRole("combobox", { name: "Assignee" });
    await expect(assignee.locator("option")).toHaveText(["Unassigned", "Bob (online)", `${jane.name} (online)`]);
    await bob.online(false);
    await expect(assignee.locator("option").last()).toHaveText("Bob (offline)");
    const place = await assignee.boundingBox();
    expect(place?.y).toBeLessThan(80);
    expect(place?.x).toBeGreaterThan(640);
  });

  await jane.claim();
  const header = jane.page.getByRole("region", { name: "Conversation with the visitor" }).locator("header");
  await expect(header.getByRole("link", { name: title })).toHaveAttribute("href", `${hub.origin}/demo?lamps`);
  await visitor.page.evaluate(() => history.pushState(null, "", "?boats"));
  await expect(header.getByRole("link", { name: title })).toHaveAttribute("href", `${hub.origin}/demo?boats`);

  await visitor.page.close();
  await expect(jane.rows).toContainText("Visitor left");
  expect(jane.faults).toEqual([]);
});

test("i3 every field of the panel is kept, and an activity is made from it beside lead and deal", async ({
  hub,
  signIn,
  visit,
}) => {
  const jane = await signIn(hub.agent);
  const admin = await signIn(hub.admin);
  await jane.goOnline();
  const visitor = await visit();
  await visitor.askForSomebody();
  await jane.openOnly("Unassigned");
  await jane.claim();
  const fields = [
    ["Deal value", "960"],
    ["Currency", "EUR"],
    ["Expected close date", "2031-02-28"],
    ["Person name", "Ada"],
    ["E-mail", "ada@engines.example"],
    ["Phone", "+44 20 7946 0000"],
    ["Organisation name", "Engines Ltd"],
    ["Address", "12 St James's Square"],
    ["Note", "Likes lamps"],
  ] as const;
  for (const [label, value] of fields) await jane.fill(label, value);
  await admin.openOnly("All");
  for (const [label, value] of fields) {
    await expect(admin.panel.getByLabel(label, { exact: true })).toHaveValue(value);
  }
  await jane.panel.getByRole("button", { name: "More" }).click();
  await jane.page.getByRole("menuitem", { name: "Create activity" }).click();
  await expect(jane.log).toContainText("Activity created");
  const item = admin.panel.getByRole("list", { name: "Items" }).getByRole("listitem");
  await expect(item).toContainText("Follow up with Engines Ltd, Ada");
  expect([...jane.faults, ...admin.faults]).toEqual([]);
});
