import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures";
import { demoPlaybook } from "./playbook";

test("v4 a text is there at once and says what becomes of it: sending, sent, seen, not sent", async ({
  agent,
  visit,
  hub,
  cable,
}) => {
  const jane = await agent();
  const visitor = await visit("about:blank");
  const { page, log } = visitor;
  let refuse = false;
  await page.routeWebSocket(/\/v1\/visitor/, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((text) => {
      const frame = JSON.parse(String(text));
      if (!refuse || frame.type !== "send") return server.send(text);
      // A refusal that is for good, which an honest widget cannot bring about.
      refuse = false;
      const error = { code: "forbidden", message: "no" };
      socket.send(JSON.stringify({ type: "reply", id: frame.id, ok: false, error }));
    });
  });
  await page.goto(`${cable.origin}/demo`);
  await visitor.askForSomebody();
  await jane.claim();
  await expect(visitor.speaker()).toHaveText(jane.name);
  await visitor.write("Uno");
  await expect(log.locator(".mine").filter({ hasText: "Uno" })).toContainText("Sent");
  await jane.read(100);
  await expect(log.locator(".mine").filter({ hasText: "Uno" })).toContainText("Seen");

  cable.hold();
  await visitor.write("Dos");
  await expect(log.locator(".mine").filter({ hasText: "Dos" })).toContainText("Sending…");
  cable.mend();
  await expect(log.locator(".mine").filter({ hasText: "Dos" })).toContainText("Sent", { timeout: 40_000 });

  refuse = true;
  await visitor.write("Tres");
  const tres = log.locator(".mine").filter({ hasText: "Tres" });
  await expect(tres).toContainText("Not sent");
  await tres.getByRole("button", { name: "Try again" }).click();
  await expect(tres).toContainText("Sent");
  refuse = true;
  await visitor.write("Quattro");
  await log.getByRole("button", { name: "Remove" }).click();
  await expect(log).not.toContainText("Quattro");
  expect(await jane.heardTexts()).toEqual(["Uno", "Dos", "Tres"]);
  expect(hub.origin).not.toBe(cable.origin);
});

for (const typing_preview of [false, true]) {
  test.describe(typing_preview ? "with a preview" : "without a preview", () => {
    test.use({ playbook: { ...demoPlaybook(60_000), typing_preview } });

    test(`v4 typing shows both ways, ${typing_preview ? "with the text where the playbook says so, and the visitor is told" : "and not what is typed"}`, async ({
      agent,
      visit,
    }) => {
      const jane = await agent();
      const visitor = await visit();
      await visitor.askForSomebody();
      await jane.claim();
      await expect(visitor.speaker()).toHaveText(jane.name);
      const told = visitor.page.getByText("What you write can be read before you send it.");
      await expect(told).toHaveCount(typing_preview ? 1 : 0);
      await visitor.message.pressSequentially("Secret", { delay: 250 });
      const typing = await jane.until(() => jane.pushes.findLast(({ type, on }) => type === "typing" && on === true));
      if (typing_preview)
        await jane.until(() => (String(jane.last("typing")?.preview).startsWith("Secr") ? true : undefined));
      else expect(typing.preview ?? null).toBeNull();
      await visitor.message.fill("");
      await jane.until(() => (jane.last("typing")?.on === false ? true : undefined));
      await jane.typing(true);
      await expect(visitor.page.getByText("Jane is typing…")).toBeVisible();
      await jane.say("Hello");
      await expect(visitor.page.getByText("Jane is typing…")).toBeHidden();
      expect(JSON.stringify(jane.pushes).includes("Secr")).toBe(typing_preview);
    });
  });
}

/** How often the page made a sound. */
function sounds(page: Page): Promise<number> {
  return page.evaluate(() => (window as unknown as { sounds: number }).sounds);
}

/** As when the visitor goes to another tab, and comes back. */
async function turn(page: Page, visibilityState: "hidden" | "visible"): Promise<void> {
  await page.evaluate((state) => {
    Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, visibilityState);
}

test("v4 what comes unseen is counted at the button and in the title, and rings where the visitor wants it", async ({
  agent,
  visit,
}) => {
  const jane = await agent();
  const visitor = await visit();
  const { page } = visitor;
  await page.evaluate(() => {
    Object.assign(window, { sounds: 0 });
    window.AudioContext = new Proxy(AudioContext, {
      construct(target, order) {
        (window as unknown as { sounds: number }).sounds += 1;
        return new target(...order);
      },
    });
  });
  const title = await page.title();
  await visitor.askForSomebody();
  await jane.claim();
  await expect(visitor.speaker()).toHaveText(jane.name);
  await page.keyboard.press("Escape");
  await jane.say("Uno");
  await expect(page.locator(".badge")).toContainText("1");
  await expect(visitor.launcher).toHaveAccessibleName("Open chat");
  await expect(visitor.launcher).toHaveAccessibleDescription("Unread messages: 1");
  expect(await page.title()).toBe(title);
  expect(await sounds(page)).toBe(0);

  await turn(page, "hidden");
  await jane.say("Dos");
  await expect(page).toHaveTitle(`(2) ${title}`);
  await turn(page, "visible");
  await expect(page).toHaveTitle(title);
  await visitor.open();
  await expect(page.locator(".badge")).toHaveCount(0);
  await jane.until(() => ((jane.last("seen")?.read as number) > 5 ? true : undefined));

  await visitor.menu.click();
  await page.getByRole("checkbox", { name: "Sound" }).check();
  // The menu first, then the window.
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await jane.say("Tres");
  await expect.poll(() => sounds(page)).toBe(1);
  await visitor.open();
  await jane.say("Four, while you look");
  await expect(visitor.log).toContainText("Four, while you look");
  expect(await sounds(page)).toBe(1);
});

test("v4 texts of any kind come through whole: lines, links, emoji, right to left, very long, and no markup", async ({
  agent,
  visit,
}) => {
  const jane = await agent();
  const visitor = await visit();
  const { page, log } = visitor;
  await visitor.askForSomebody();
  await jane.claim();
  await expect(visitor.speaker()).toHaveText(jane.name);
  const markup = "<img src=x onerror=alert(1)> and https://lake.example/map?a=1&b=2. javascript:alert(1)";
  const arabic = "مرحبًا، هل القارب متاح؟";
  const emoji = "🎉👩‍👩‍👧‍👦🏳️‍🌈";
  const long = "long ".repeat(3_200).trim();

  await visitor.message.focus();
  // As the system's own picker puts it in.
  await page.keyboard.insertText(emoji);
  await page.keyboard.press("Enter");
  await page.keyboard.type("Uno");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("Dos");
  await page.keyboard.press("Enter");
  for (const text of [markup, arabic, long]) {
    await page.keyboard.insertText(text);
    await page.keyboard.press("Enter");
  }
  await expect.poll(() => jane.heardTexts()).toEqual([emoji, "Uno\nDos", markup, arabic, long]);
  await jane.say(markup);
  const theirs = log.locator(".said:not(.mine)").filter({ hasText: "onerror" });
  await expect(theirs.getByRole("link")).toHaveText("https://lake.example/map?a=1&b=2");
  await expect(theirs.getByRole("link")).toHaveAttribute("href", "https://lake.example/map?a=1&b=2");
  await expect(theirs.getByRole("img")).toHaveCount(0);
  await expect(log.locator(".bubble").filter({ hasText: arabic })).toHaveCSS("direction", "rtl");
  await expect(log.locator(".bubble").filter({ hasText: "Uno" }).first()).toHaveText("Uno\nDos", {
    useInnerText: true,
  });
  const box = await log.boundingBox();
  const bubble = await log.locator(".bubble").filter({ hasText: "long long" }).boundingBox();
  expect(bubble?.width).toBeLessThanOrEqual(box?.width ?? 0);

  // Over the hub's limit it stays in the box and says why; nothing is lost and nothing is sent.
  const tooLong = "ü".repeat(8_193);
  await visitor.message.fill(tooLong);
  await expect(page.getByRole("alert")).toHaveText("This text is too long to send.");
  await expect(visitor.message).toHaveAccessibleDescription("This text is too long to send.");
  await visitor.message.press("Enter");
  await expect(visitor.message).toHaveValue(tooLong);
  await visitor.message.fill("ü");
  await expect(page.getByRole("alert")).toHaveCount(0);
  expect(await jane.heardTexts()).toHaveLength(5);
});

test("v4 what is pasted, many lines and thousands of characters of it, is in the box, and comes through whole", async ({
  agent,
  visit,
}) => {
  const jane = await agent();
  const visitor = await visit(undefined, { permissions: ["clipboard-read", "clipboard-write"] });
  const { page, log, message } = visitor;
  await visitor.askForSomebody();
  await jane.claim();
  await expect(visitor.speaker()).toHaveText(jane.name);
  const order = Array.from({ length: 350 }, (_, at) => `${at + 1}. a lamp, and a «lantern» — 灯 💡`).join("\n");
  expect(new Blob([order]).size).toBeGreaterThan(15_000);
  // As from a page or a text processor: what it looked like stays behind.
  await page.evaluate(async (text) => {
    const html = `<h1 onclick="alert(1)">${text.replaceAll("\n", "<br>")}</h1>`;
    const copied = {
      "text/plain": new Blob([text], { type: "text/plain" }),
      "text/html": new Blob([html], { type: "text/html" }),
    };
    await navigator.clipboard.write([new ClipboardItem(copied)]);
  }, order);
  await message.focus();
  await page.keyboard.type("My order:");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.press("Control+v");
  await expect(message).toHaveValue(`My order:\n${order}`);
  // The box grows, and not out of the window.
  const [box, panel] = [await message.boundingBox(), await page.getByRole("dialog").boundingBox()];
  expect(box?.height).toBeGreaterThan(100);
  expect(box?.height).toBeLessThan((panel?.height ?? 0) / 2);
  await page.keyboard.press("Enter");
  await expect.poll(() => jane.heardTexts()).toEqual([`My order:\n${order}`]);
  await expect(log.locator(".mine .bubble").last()).toHaveText(`My order:\n${order}`, { useInnerText: true });
  await expect(message).toHaveValue("");
});

test.describe("with an agent who has much to say", () => {
  test.use({
    settings: {
      USHER_LIMITS__AGENT_REQUESTS_PER_SECOND: "0",
      USHER_LIMITS__FRAMES_PER_SECOND: "0",
      // History is metered by these.
      USHER_LIMITS__VISITOR_SENDS_PER_SECOND: "2",
      USHER_LIMITS__VISITOR_SEND_BURST: "2",
    },
  });

  test("v4 of thousands of messages the newest are drawn, and the rest as far back as one scrolls", async ({
    agent,
    visit,
  }) => {
    const jane = await agent();
    const visitor = await visit();
    const { page, log } = visitor;
    const lines = log.locator(".line");
    let refused = 0;
    page.on("websocket", (socket) =>
      socket.on("framereceived", ({ payload }) => {
        if (String(payload).includes('"rate_limited"')) refused += 1;
      }),
    );
    await visitor.askForSomebody();
    await jane.claim();
    await expect(visitor.speaker()).toHaveText(jane.name);
    const texts = Array.from({ length: 1_500 }, (_, at) => `Line ${at}.`);
    await jane.sayAll(texts);
    await expect(log).toContainText("Line 1499.", { timeout: 40_000 });
    expect(await lines.count()).toBeLessThanOrEqual(60);
    const end = () => log.evaluate((box) => Math.round(box.scrollHeight - box.scrollTop - box.clientHeight));
    expect(await end()).toBeLessThanOrEqual(1);

    await page.reload();
    await expect(log).toContainText("Line 1499.");
    expect(await lines.count()).toBeLessThanOrEqual(60);
    // Upwards, what one reads stays where it is while earlier lines come above it.
    await expect.poll(end).toBeLessThanOrEqual(1);
    await log.evaluate((box) => {
      box.scrollTop = 10;
    });
    await expect.poll(() => lines.count()).toBeGreaterThan(60);
    expect(await log.evaluate((box) => box.scrollTop)).toBeGreaterThan(100);
    // All the way up, faster than the hub gives it: one only waits. What was drawn at each step.
    const steps = await log.evaluate(async (box, first) => {
      const look = () => [...box.querySelectorAll(".bubble")].map((bubble) => bubble.textContent ?? "");
      const shown = [look()];
      while (shown.at(-1)?.includes(first) !== true) {
        const before = shown.at(-1)?.join();
        const deadline = performance.now() + 20_000;
        box.scrollTop = 0;
        while (look().join() === before) {
          if (performance.now() > deadline) throw new Error("nothing earlier came");
          await new Promise((next) => requestAnimationFrame(next));
        }
        shown.push(look());
      }
      return shown;
    }, "Hi! What brings you here?");
    expect(refused).toBeGreaterThan(0);
    // Whatever is drawn is whole: each once, and none left out.
    const met = new Set<string>();
    for (const step of steps) {
      const lines = step.filter((text) => text.startsWith("Line"));
      expect(texts.join()).toContain(lines.join());
      for (const text of lines) met.add(text);
    }
    expect(met.size).toBe(texts.length);
    expect(await lines.count()).toBeLessThanOrEqual(180);

    // News do not tear one away from what one reads; one press leads to them.
    await jane.say("The newest");
    await page.getByRole("button", { name: "New messages" }).click();
    await expect(log).toContainText("The newest");
    await expect.poll(() => lines.count()).toBeLessThanOrEqual(60);
    expect(await end()).toBeLessThanOrEqual(1);
  });
});
