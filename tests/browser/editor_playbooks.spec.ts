import { richOf } from "../../web/inbox/src/playbooks/markdown";
import { box, card, edit, outline, save, stored } from "./editing";
import { expect, test } from "./fixtures";

test("r4 who is no admin sees no link to the playbooks, and page and hub refuse them", async ({ hub, signIn }) => {
  const jane = await signIn(hub.agent);
  await expect(jane.page.getByRole("link", { name: "Playbooks" })).toHaveCount(0);
  await jane.page.goto(`${hub.origin}/#/playbooks/pb_demo`);
  await expect(jane.page.getByText("That takes an admin.")).toBeVisible();
  await expect(jane.page.getByRole("textbox", { name: "Playbook name" })).toHaveCount(0);
  const headers = { authorization: `Bearer ${hub.agent.link.split("#token=")[1]}`, "if-match": '"1"' };
  const body = JSON.stringify(await stored(hub));
  for (const [method, path] of [
    ["PUT", "/v1/playbooks/pb_demo"],
    ["POST", "/v1/playbooks"],
    ["DELETE", "/v1/playbooks/pb_demo"],
  ] as const) {
    const answer = await fetch(hub.origin + path, { method, headers, ...(method === "DELETE" ? {} : { body }) });
    expect([method, answer.status]).toEqual([method, 403]);
  }
  expect((await stored(hub)).version).toBe(1);
});

test("i5 a playbook from the Live Chat template is edited, saved as a version, shown on a site, and goes live", async ({
  agent,
  hub,
  signIn,
  site,
  visit,
}) => {
  const admin = await signIn(hub.admin);
  const { page } = admin;
  await page.getByRole("link", { name: "Playbooks", exact: true }).click();
  await page.getByRole("button", { name: "Use it: Live Chat" }).click();
  await expect(page.getByRole("textbox", { name: "Playbook name" })).toHaveValue("Live Chat");
  await expect(page.getByText("Offline only")).toBeVisible();
  // No visitor meets what nobody has looked at.
  await expect(page.getByText("Inactive", { exact: true })).toBeVisible();
  const made = decodeURIComponent(page.url().split("#/playbooks/")[1] ?? "");
  expect((await fetch(`${hub.origin}/v1/widget/${made}`)).status).toBe(404);
  await page.getByRole("checkbox", { name: "Active" }).check();
  await page.getByRole("textbox", { name: "Playbook name" }).fill("Boats");

  const online = box(page, "Online message");
  await online.fill("A captain comes");
  await online.evaluate((area: HTMLTextAreaElement) => area.setSelectionRange(2, 9));
  await page.getByRole("group", { name: "Formatting of Online message" }).getByRole("button", { name: "Bold" }).click();
  await expect(online).toHaveValue("A **captain** comes");
  const look = page.getByRole("group", { name: "Preview of Online message" });
  await expect(look.locator("strong")).toHaveText("captain");
  await expect(page.getByRole("region", { name: "Preview" })).toContainText("A captain comes");
  await box(page, "Wait time").fill("45");
  await box(page, "Offline message").fill("All at sea.");
  await page.getByRole("tab", { name: "Looks" }).click();
  await box(page, "Bot name").fill("Harbour");
  await box(page, "Colour").fill("#0b7285");
  await expect(page.getByText("Unsaved changes")).toBeVisible();
  await page.keyboard.press("Control+s");
  await expect(page.getByText("Saved as version 2")).toBeVisible();

  const now = await stored(hub, made);
  expect(now).toMatchObject({
    version: 2,
    active: true,
    name: "Boats",
    appearance: { bot_name: "Harbour", color: "#0b7285" },
  });
  expect(now.cards.live).toMatchObject({
    online_message: "A **captain** comes",
    wait_ms: 45_000,
    offline_message: "All at sea.",
  });

  await test.step("the embed code puts it on a site, and the page says why it is or is not offered", async () => {
    await page.getByRole("tab", { name: "Install" }).click();
    const snippet = await box(page, "Embed code").inputValue();
    expect(snippet).toBe(`<script async src="${hub.origin}/widget.js" data-playbook="${made}"></script>`);
    await page.getByRole("button", { name: "Find out" }).click();
    const conditions = page.getByRole("list", { name: "Conditions" });
    await expect(conditions).toContainText("Its widget has never been seen on a page");
    await expect(conditions).toContainText("No agent is switched on and connected.");
    await expect(page.getByText("Live chat is not offered")).toBeVisible();

    await agent();
    const boats = await site({ tag: `data-playbook="${made}"` });
    const visitor = await visit(boats.origin);
    await visitor.open();
    await expect(visitor.log).toContainText("A captain comes");
    await expect(visitor.log.locator("strong, b")).toHaveText("captain");
    await expect(visitor.speaker()).toHaveText("Harbour");
    await page.getByRole("button", { name: "Look again" }).click();
    await expect(page.getByText("Live chat is offered to visitors now.")).toBeVisible();
    await expect(page.getByText("Live chat", { exact: true })).toBeVisible();
    await expect(page.getByText("Offline only")).toBeHidden();
  });

  await test.step("deleted, it is gone for good", async () => {
    await page.getByRole("link", { name: "Playbooks", exact: true }).first().click();
    await page.getByRole("button", { name: "Delete Boats" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete", exact: true }).click();
    await expect(page.getByRole("list", { name: "Playbooks" })).not.toContainText("Boats");
    expect((await hub.rest("GET", `/v1/playbooks/${made}`)).status).toBe(404);
  });
  expect(admin.faults).toEqual([]);
});

test("i5 the outline is worked by keyboard: moved through, added to, deleted from, and taken back", async ({
  hub,
  signIn,
}) => {
  const admin = await signIn(hub.admin);
  const page = await edit(admin);
  const keys = page.keyboard;
  await card(page, "Hi! What brings you here?").focus();
  await keys.press("ArrowDown");
  await expect(card(page, "One moment, we are finding somebody for you.")).toBeFocused();
  await keys.press("End");
  await expect(card(page, "Enjoy your visit.")).toBeFocused();
  await keys.press("+");
  await page
    .getByRole("dialog", { name: "Add a card" })
    .getByRole("button", { name: /^Message/ })
    .click();
  await expect(box(page, "Text")).toBeFocused();
  await keys.type("See you at the lake.");
  await expect(card(page, "See you at the lake.")).toBeVisible();

  await card(page, "Where can we write to you?").focus();
  await keys.press("Delete");
  await expect(card(page, "Where can we write to you?")).toHaveCount(0);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(card(page, "Where can we write to you?")).toBeVisible();
  await outline(page).getByRole("button", { name: "Delete Thank you!" }).click();
  await expect(card(page, "Thank you!")).toHaveCount(0);
  await page.getByRole("button", { name: "Undo" }).click();

  await card(page, "Hi! What brings you here?").press("Enter");
  await page.getByRole("button", { name: "Add an answer" }).click();
  await box(page, "Answer 3").fill("I have a question");
  await page.getByRole("combobox", { name: "Answer 3 leads to" }).selectOption("email");
  await page.getByRole("button", { name: "Move answer 3 up" }).click();
  await card(page, "Where can we write to you?").click();
  await page.getByRole("combobox", { name: "What is asked for" }).selectOption("phone");
  await card(page, "Thank you!").click();
  await page.getByRole("button", { name: "Deal", exact: true }).click();
  await box(page, "Title of Deal 3").fill("A boat");
  await save(page).click();
  await expect(page.getByText("Saved as version 2")).toBeVisible();
  const { cards } = await stored(hub);
  expect(cards.hello?.options).toEqual([
    { id: "talk", label: "Talk to someone", next: "live" },
    { id: "option-3", label: "I have a question", next: "email" },
    { id: "look", label: "Just looking", next: "message" },
  ]);
  expect(cards.message).toEqual({ kind: "message", text: "See you at the lake.", next: "bye" });
  expect(cards.email).toMatchObject({ field: "phone" });
  expect(cards.done?.create).toMatchObject([{ kind: "lead" }, { kind: "activity" }, { kind: "deal", title: "A boat" }]);
});

test("i5 what the hub refuses is told at the field, and nothing is saved", async ({ hub, signIn }) => {
  const admin = await signIn(hub.admin);
  const page = await edit(admin);
  await card(page, "One moment, we are finding somebody for you.").click();
  await box(page, "Wait time").fill("5");
  await box(page, "Online message").fill("");
  await save(page).click();
  await expect(page.getByText("Not saved. The hub found:")).toBeVisible();
  await expect(box(page, "Online message")).toHaveAttribute("aria-invalid", "true");
  await expect(box(page, "Online message")).toHaveAccessibleDescription("must not be empty");
  await expect(box(page, "Wait time")).toHaveAccessibleDescription("must be 10 seconds to an hour");
  expect((await stored(hub)).version).toBe(1);

  await box(page, "Online message").fill("Soon.");
  await box(page, "Wait time").fill("10");
  await page.getByRole("button", { name: /^Add a card before Where can we write/ }).click();
  await page
    .getByRole("dialog")
    .getByRole("button", { name: /^Live Chat/ })
    .click();
  await box(page, "Online message").fill("Again?");
  await box(page, "Offline message").fill("No.");
  await save(page).click();
  await expect(page.getByText(/a path holds at most one/).first()).toBeVisible();
  expect((await stored(hub)).version).toBe(1);
  await outline(page).getByRole("button", { name: "Delete Again?" }).click();
  await save(page).click();
  await expect(page.getByText("Saved as version 2")).toBeVisible();
  await expect(page.getByText("Not saved.")).toBeHidden();

  await page.getByRole("tab", { name: "Looks" }).click();
  await box(page, "Colour").fill("blue");
  await save(page).click();
  await expect(box(page, "Colour")).toHaveAccessibleDescription(/must be a colour/);
});

test("i5 when somebody else saved meanwhile one may take theirs or save one's own over it, and nothing is lost unasked", async ({
  hub,
  signIn,
}) => {
  const admin = await signIn(hub.admin);
  const page = await edit(admin);
  const name = page.getByRole("textbox", { name: "Playbook name" });
  const theirs = async (called: string) => {
    const now = await stored(hub);
    const answer = await hub.rest(
      "PUT",
      "/v1/playbooks/pb_demo",
      { ...now, name: called },
      { "if-match": `"${now.version}"` },
    );
    expect(answer.status).toBe(200);
  };
  await name.fill("Mine");
  await theirs("Theirs");
  await save(page).click();
  await expect(page.getByText("Somebody else saved version 2 while you were editing.")).toBeVisible();
  expect((await stored(hub)).name).toBe("Theirs");
  await expect(name).toHaveValue("Mine");

  await test.step("an unsaved draft outlives a look at the inbox", async () => {
    await admin.folder("Unassigned").click();
    await expect(admin.page.getByRole("searchbox", { name: "Search" })).toBeVisible();
    await page.goBack();
    await expect(name).toHaveValue("Mine");
  });

  await page.getByRole("button", { name: "Save mine as a new version" }).click();
  await expect(page.getByText("Saved as version 3")).toBeVisible();
  expect((await stored(hub)).name).toBe("Mine");

  await theirs("Theirs again");
  await name.fill("Mine again");
  await save(page).click();
  await page.getByRole("button", { name: "Load theirs, drop my changes" }).click();
  await expect(name).toHaveValue("Theirs again");
  await expect(save(page)).toBeDisabled();
});

test("i5 the preview's Markdown is the hub's", async ({ agent, hub, visit }) => {
  const texts = [
    "**bold**, *italic*, ***both***, __bold__, _italic_",
    "One\ntwo\n\nthree",
    "- a\n- **b** and [c](https://a.example)\n\nafter",
    "Before\n\n* x\n* y",
    "[mail](mailto:a@b.example) <https://a.example/x> <ada@b.example>",
    "![a cat](https://a.example/c.png) and ![no](http://a.example/c.png)",
    "[bad](javascript:alert) <script>x</script> &amp;",
    "2 * 3 * 4, snake_case_name, 5 > 4",
    "# Heading\ntext",
    "\\*not italic\\* `code`",
  ];
  const now = await stored(hub);
  const cards: Record<string, unknown> = { end: { kind: "disqualify", text: "End", create: [] } };
  for (const [index, text] of texts.entries()) {
    cards[`t${index}`] = { kind: "message", text, next: index + 1 < texts.length ? `t${index + 1}` : "live" };
  }
  cards.live = { kind: "live_chat", online_message: "On", wait_ms: 60_000, offline_message: "Off", offline: "end" };
  const saved = await hub.rest("PUT", "/v1/playbooks/pb_demo", { ...now, start: "t0", cards }, { "if-match": '"1"' });
  expect(saved.status).toBe(200);
  const jane = await agent();
  const visitor = await visit();
  await visitor.open();
  await jane.claim();
  const { events } = (await jane.ask({ type: "open", conversation: jane.conversation })) as unknown as {
    events: { type: string; card?: string; rich?: unknown }[];
  };
  const heard = events.filter(({ type, card }) => type === "card" && card?.startsWith("t"));
  expect(heard.map(({ rich }) => rich)).toEqual(texts.map(richOf));
});

test("i5 the list says whether a playbook is active and when its widget was last seen, and the embed code is copied", async ({
  hub,
  signIn,
  site,
  visit,
}) => {
  const admin = await signIn(hub.admin);
  const { page } = admin;
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"], { origin: hub.origin });
  await page.getByRole("link", { name: "Playbooks", exact: true }).click();
  const row = page.getByRole("list", { name: "Playbooks" }).getByRole("listitem").filter({ hasText: "Demo" });
  await expect(row).toContainText("Active");

  await edit(admin);
  await page.getByRole("tab", { name: "Install" }).click();
  await page.getByRole("button", { name: "Copy", exact: true }).click();
  await expect(page.getByText("Copied", { exact: true })).toBeVisible();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toBe(await box(page, "Embed code").inputValue());

  // What was copied works on a site as it is, and the list knows of it.
  const shop = await site({ head: copied, files: "none" });
  const visitor = await visit(shop.origin);
  await visitor.open();
  await page.getByRole("link", { name: "Playbooks", exact: true }).first().click();
  await expect(row).toContainText(/Last seen \d/);

  await edit(admin);
  await page.getByRole("checkbox", { name: "Active" }).uncheck();
  await save(page).click();
  await expect(page.getByText("Saved as version 2")).toBeVisible();
  await page.getByRole("link", { name: "Playbooks", exact: true }).first().click();
  await expect(row).toContainText("Inactive");
  const { live_chat } = (await (await hub.rest("GET", "/v1/playbooks/pb_demo")).json()) as { live_chat: string };
  expect(live_chat).not.toBe("live");
  expect(admin.faults).toEqual([]);
});
