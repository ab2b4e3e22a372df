import { expect, test } from "./fixtures";
import { demoPlaybook } from "./playbook";

test("v5 texts, drafts and history outlive a reload, a walk through the site and a page that was never online again", async ({
  agent,
  visit,
  cable,
}) => {
  const jane = await agent();
  const visitor = await visit(`${cable.origin}/demo`);
  const { page, log } = visitor;
  await visitor.askForSomebody();
  await jane.claim();
  await expect(visitor.speaker()).toHaveText(jane.name);
  await visitor.write("Uno");
  await visitor.message.fill("Half a sen");
  await page.goto(`${cable.origin}/demo?page=2`);
  await expect(visitor.message).toHaveValue("Half a sen");
  await expect(visitor.message).not.toBeFocused();
  await expect(log).toContainText("Uno");
  await expect(visitor.speaker()).toHaveText(jane.name);
  await jane.until(() => (JSON.stringify(jane.pushes).includes("page=2") ? true : undefined));

  // Without a reload, as pages of today do.
  await page.evaluate(() => history.pushState(null, "", "?page=3"));
  await jane.until(() => (JSON.stringify(jane.pushes).includes("page=3") ? true : undefined));

  // Written while there is no network, on a page that is left before it is back.
  cable.hold();
  await visitor.write("Dos");
  await visitor.write("Tres");
  await expect(log.locator(".mine").filter({ hasText: "Tres" })).toContainText("Sending…");
  await page.goto("about:blank");
  cable.mend();
  await page.goto(`${cable.origin}/demo?page=4`);
  await expect.poll(() => jane.heardTexts()).toEqual(["Uno", "Dos", "Tres"]);
  await expect(log.getByText("Sending…")).toHaveCount(0);
  for (const text of ["Uno", "Dos", "Tres"]) await expect(log.getByText(text, { exact: true })).toHaveCount(1);
  expect(await page.evaluate(() => Object.keys(localStorage).filter((name) => name.includes("out:")))).toEqual([]);
});

test.describe("with questions", () => {
  const demo = demoPlaybook(60_000);
  test.use({
    playbook: {
      ...demo,
      cards: {
        hello: { kind: "message", text: "Hi!", next: "email" },
        email: { kind: "capture", field: "email", text: "Where can we write to you?", required: true, next: "wish" },
        wish: { kind: "capture", field: "text", text: "What is it about?", required: true, next: "end" },
        end: { kind: "disqualify", text: "Thank you!", create: [] },
      },
    },
  });

  test("v5 what stands half written in the box of a question outlives a reload until it is sent", async ({
    hub,
    visit,
  }) => {
    const visitor = await visit();
    const { page, log } = visitor;
    const kept = () =>
      page.evaluate(() => Object.keys(localStorage).flatMap((name) => name.match(/draft.*/)?.[0] ?? []));
    const email = page.getByRole("textbox", { name: "Where can we write to you?" });
    const wish = page.getByRole("textbox", { name: "What is it about?" });
    expect(await page.evaluate(() => localStorage.length)).toBe(0);
    await visitor.open();
    await email.pressSequentially("ada@la");
    await page.reload();
    await expect(email).toHaveValue("ada@la");
    // Refused, and mended on the next page.
    await email.press("Enter");
    await expect(page.getByRole("alert")).toContainText("e-mail");
    await page.goto(`${hub.origin}/demo?page=2`);
    await expect(email).toHaveValue("ada@la");
    await email.fill("ada@lake.example");
    await email.press("Enter");

    await expect(wish).toHaveValue("");
    await expect.poll(kept).toEqual([]);
    await wish.fill("One\nTwo");
    await page.reload();
    await expect(wish).toHaveValue("One\nTwo");
    await wish.fill("");
    expect(await kept()).toEqual([]);
    await wish.fill("Half a wi");
    expect(await kept()).toEqual(["draft:wish"]);
    // The next chat asks the same.
    await visitor.menu.click();
    await page.getByText("End chat").click();
    await page.getByRole("button", { name: "End it for good" }).click();
    await page.getByRole("button", { name: "Start a new chat" }).click();
    await expect(email).toHaveValue("");
    await visitor.answer("Where can we write to you?", "ada@lake.example");
    await expect(wish).toHaveValue("Half a wi");
    await visitor.answer("What is it about?", "A lamp");
    await expect(log).toContainText("Thank you!");
    await expect.poll(kept).toEqual([]);
  });
});

test("v5 a socket that died without a word is noticed, said, and replaced; nothing is doubled and nothing lost", async ({
  agent,
  visit,
  cable,
}) => {
  const jane = await agent();
  const visitor = await visit("about:blank");
  const { page, log } = visitor;
  await page.clock.install();
  await page.goto(`${cable.origin}/demo`);
  await visitor.askForSomebody();
  await jane.claim();
  await expect(visitor.speaker()).toHaveText(jane.name);
  const reconnecting = page.getByText("Connection lost. Reconnecting…");

  // Half open: both sides believe in it, and nothing passes.
  cable.hold();
  await visitor.write("Uno");
  await jane.say("One");
  await page.clock.runFor(39_000);
  await page.clock.runFor(2_000);
  await expect(reconnecting).toBeVisible();
  cable.mend();
  await page.clock.runFor(31_000);
  await expect(reconnecting).toBeHidden();
  await expect(log).toContainText("One");

  // Asleep: the machine, its timers and its network. It wakes up, and somebody looks.
  cable.hold();
  await jane.say("Two");
  await page.clock.fastForward(3_600_000);
  cable.mend();
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await page.clock.runFor(31_000);
  await expect(log).toContainText("Two");
  await expect.poll(() => jane.heardTexts()).toEqual(["Uno"]);
  for (const text of ["Uno", "One", "Two"]) await expect(log.getByText(text, { exact: true })).toHaveCount(1);
});

test("v5 a deploy of the hub moves the chat along, with what was written meanwhile", async ({ hub, agent, visit }) => {
  const jane = await agent();
  const visitor = await visit();
  const { page, log } = visitor;
  await visitor.askForSomebody();
  await jane.claim();
  await expect(visitor.speaker()).toHaveText(jane.name);
  await visitor.write("Before");
  await expect(log.locator(".mine").filter({ hasText: "Before" })).toContainText("Sent");
  await hub.drain();
  await expect(page.getByText("Connection lost. Reconnecting…")).toBeVisible();
  await visitor.write("Meanwhile");
  await hub.start();
  const again = await agent();
  again.conversation = jane.conversation;
  // The network says it is back; without that it would take until the next try.
  await page.evaluate(() => dispatchEvent(new Event("online")));
  await expect(page.getByText("Connection lost. Reconnecting…")).toBeHidden({ timeout: 40_000 });
  await expect.poll(() => again.heardTexts()).toEqual(["Before", "Meanwhile"]);
  await again.say("After");
  await expect(log).toContainText("After");
  for (const text of ["Before", "Meanwhile", "After"])
    await expect(log.getByText(text, { exact: true })).toHaveCount(1);
});

test("v5 tabs are in step: what is begun, said, read, heard and ended in one is so in the other, and one of them rings", async ({
  agent,
  visit,
}) => {
  const jane = await agent();
  const first = await visit();
  await first.page.context().addInitScript(() => {
    Object.assign(window, { sounds: 0 });
    window.AudioContext = new Proxy(AudioContext, {
      construct(target, order) {
        (window as unknown as { sounds: number }).sounds += 1;
        return new target(...order);
      },
    });
  });
  await first.page.reload();
  await first.open();
  const second = await first.anotherTab();
  await expect(second.page.getByRole("button", { name: "Talk to someone" })).toBeVisible();
  await second.choose("Talk to someone");
  await expect(first.page.getByRole("timer")).toBeVisible();
  await jane.claim();
  for (const tab of [first, second]) await expect(tab.speaker()).toHaveText(jane.name);
  await first.write("From the first");
  await expect(second.log).toContainText("From the first");
  await second.write("From the second");
  await expect(first.log).toContainText("From the second");
  for (const { log } of [first, second]) {
    await expect(log.locator(".mine .bubble")).toHaveText(["Talk to someone", "From the first", "From the second"]);
  }

  // Both closed, with sound: both count, one rings; what is read in one is read in the other.
  await first.menu.click();
  await first.page.getByRole("checkbox", { name: "Sound" }).check();
  // The menu first, then the window.
  for (const { page } of [first, first, second]) await page.keyboard.press("Escape");
  await expect(first.page.getByRole("dialog")).toBeHidden();
  await expect(second.page.getByRole("dialog")).toBeHidden();
  await jane.say("Are you there?");
  for (const { page } of [first, second]) await expect(page.locator(".badge")).toContainText("1");
  const rang = async () => {
    const counts = [first, second].map(({ page }) =>
      page.evaluate(() => (window as unknown as { sounds: number }).sounds),
    );
    return (await Promise.all(counts)).reduce((sum, count) => sum + count);
  };
  await expect.poll(rang).toBe(1);
  await second.page.bringToFront();
  await second.launcher.click();
  for (const { page } of [first, second]) await expect(page.locator(".badge")).toHaveCount(0);
  expect(await rang()).toBe(1);

  await second.menu.click();
  await second.page.getByText("End chat").click();
  await second.page.getByRole("button", { name: "End it for good" }).click();
  await first.launcher.click();
  await expect(first.log).toContainText("This chat has ended.");
  await first.page.getByRole("button", { name: "Start a new chat" }).click();
  for (const { page } of [first, second]) {
    await expect(page.getByRole("button", { name: "Just looking" })).toBeVisible();
  }
  await expect(second.log).not.toContainText("From the first");
});

test("v5 what another tab has read is read here, though the hub says so before the browser does", async ({
  agent,
  visit,
}) => {
  const jane = await agent();
  const visitor = await visit();
  const { page } = visitor;
  await visitor.askForSomebody();
  await jane.claim();
  await expect(visitor.speaker()).toHaveText(jane.name);
  await page.keyboard.press("Escape");
  await jane.say("Are you there?");
  await expect(page.locator(".badge")).toContainText("1");
  // The hub has said what it has to say. A tab without the chat stands for the other one's storage.
  const other = await page.context().newPage();
  await other.goto(new URL("/healthz", page.url()).href);
  await other.evaluate(() => {
    const live = Object.keys(localStorage).find((name) => name.endsWith(":live")) as string;
    localStorage.setItem(live.replace(/live$/, "read"), `${localStorage.getItem(live)}:1000`);
  });
  await expect(page.locator(".badge")).toHaveCount(0);
});

test.describe("where a visitor has one connection", () => {
  test.use({ settings: { USHER_LIMITS__CONNECTIONS_PER_VISITOR: "1" } });

  test("v5 a tab that gave way to another says so, and takes the chat back when asked; the tabs are in step", async ({
    visit,
  }) => {
    const first = await visit();
    await first.askForSomebody();
    await expect(first.log).toContainText("Nobody is free");
    const second = await first.anotherTab();
    await expect(second.log).toContainText("Nobody is free");
    const told = first.page.getByRole("alert").filter({ hasText: "This chat is open in other tabs." });
    await expect(told).toBeVisible();
    await second.answer("Where can we write to you?", "ada@lake.example");
    await expect(second.log).toContainText("Thank you!");
    await told.getByRole("button", { name: "Try again" }).click();
    await expect(first.log).toContainText("Thank you!");
    await expect(told).toBeHidden();
  });
});

test("v5 codes that say stop are explained in words: a refused session, a playbook that sleeps", async ({
  hub,
  visit,
}) => {
  const visitor = await visit();
  const { page } = visitor;
  // A token that is none is forgotten once, and somebody new comes in.
  await page.evaluate((host) => localStorage.setItem(`usher:${host}:token`, "forged"), new URL(hub.origin).host);
  await visitor.open();
  await expect(page.getByRole("button", { name: "Talk to someone" })).toBeVisible();
  // An identity that the site did not sign is nobody's.
  await page.evaluate(() =>
    (window as unknown as { Usher: { identify(jwt: string): void } }).Usher.identify("no.jwt.here"),
  );
  await expect(page.getByRole("alert")).toContainText("Your session is not valid any more.");

  const other = await visit();
  const playbook = await (await hub.rest("GET", "/v1/playbooks/pb_demo")).json();
  const asleep = { ...playbook, active: false };
  const saved = await hub.rest("PUT", "/v1/playbooks/pb_demo", asleep, { "if-match": String(playbook.version) });
  expect(saved.status).toBe(200);
  await other.open();
  await expect(other.page.getByRole("alert")).toContainText("Chat is not available on this page.");
});

test("v5 whatever the code that says stop, the visitor reads why, and may try again", async ({ hub, visit }) => {
  const visitor = await visit("about:blank");
  const { page } = visitor;
  let stop = 0;
  await page.routeWebSocket(/\/v1\/visitor/, (socket) => {
    socket.connectToServer();
    if (stop !== 0) socket.close({ code: stop, reason: "by the test" });
  });
  await page.goto(`${hub.origin}/demo`);
  await visitor.open();
  await expect(page.getByRole("button", { name: "Just looking" })).toBeEnabled();
  const words = {
    4500: "The chat was disconnected. Reload the page.",
    4501: "The chat was disconnected. Reload the page.",
    4502: "Your session is not valid any more.",
    4503: "Chat is not available on this page.",
    4504: "Too many messages in a short time. Wait a little, then try again.",
    4505: "This chat is open in other tabs.",
  };
  for (const [code, text] of Object.entries(words)) {
    stop = Number(code);
    await page.reload();
    const told = page.getByRole("alert");
    await expect(told).toContainText(text);
    stop = 0;
    await told.getByRole("button", { name: "Try again" }).click();
    await expect(told).toBeHidden();
    await expect(page.getByRole("button", { name: "Just looking" })).toBeEnabled();
  }
});
