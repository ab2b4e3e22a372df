import type { Page } from "@playwright/test";
import axe from "axe-core";
import { expect, test } from "./fixtures";

/** What axe has against the page, with all of its rules. */
async function faults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => (window as unknown as { axe: typeof axe }).axe.run());
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  );
}

for (const colorScheme of ["light", "dark"] as const) {
  test(`v8 axe finds nothing in any state of the widget, ${colorScheme}`, async ({ agent, visit }) => {
    const visitor = await visit(undefined, { colorScheme, reducedMotion: "reduce" });
    const { page, log } = visitor;
    await expect(visitor.launcher).toBeVisible();
    expect(await faults(page)).toEqual([]);
    await visitor.askForSomebody();
    await visitor.answer("Where can we write to you?", "nowhere");
    await expect(page.getByRole("alert")).toBeVisible();
    expect(await faults(page)).toEqual([]);
    const jane = await agent();
    await jane.claim("offline");
    await expect(visitor.speaker()).toHaveText(jane.name);
    await jane.say("Look at https://lake.example/map");
    await visitor.write("I will");
    await expect(log.locator(".mine").last()).toContainText("Sent");
    await visitor.menu.click();
    expect(await faults(page)).toEqual([]);
    await jane.close();
    await page.getByRole("radio", { name: "3 of 5" }).check();
    expect(await faults(page)).toEqual([]);
    await page.getByRole("button", { name: "Start a new chat" }).click();
    await visitor.choose("Talk to someone");
    await expect(page.getByRole("timer")).toBeVisible();
    expect(await faults(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await jane.claim();
    await jane.say("Hello again");
    await expect(page.locator(".badge")).toBeVisible();
    expect(await faults(page)).toEqual([]);
  });
}

test("v8 axe finds nothing on a telephone either, right to left, nor under a notice", async ({
  agent,
  site,
  visit,
}) => {
  const body = "<main><h1>Lamps</h1></main>";
  const { origin } = await site({ tag: 'data-playbook="pb_demo" data-locale="ar"', lang: "ar", body });
  const visitor = await visit(origin, { viewport: { width: 390, height: 844 }, reducedMotion: "reduce" });
  const { page } = visitor;
  const jane = await agent();
  await visitor.askForSomebody();
  await expect(page.getByRole("timer")).toBeVisible();
  expect(await faults(page)).toEqual([]);
  await jane.claim();
  await jane.say("مرحبًا");
  await visitor.send("أهلًا");
  await expect(visitor.log.locator(".mine").last()).toContainText("أُرسلت");
  expect(await faults(page)).toEqual([]);
  await jane.close();
  await expect(page.getByRole("radio")).toHaveCount(5);
  expect(await faults(page)).toEqual([]);
  await page.evaluate(() => (window as unknown as { Usher: { identify(jwt: string): void } }).Usher.identify("none"));
  await expect(page.getByRole("alert")).toBeVisible();
  expect(await faults(page)).toEqual([]);
});

test("v8 a screen reader is told each line once, and none that was there before", async ({ agent, visit }) => {
  const jane = await agent();
  const visitor = await visit();
  const { page, log } = visitor;
  /** From now on, what a polite live region would read out. */
  const listen = () =>
    page.evaluate(() => {
      const read: string[] = [];
      Object.assign(window, { read });
      const root = (document.documentElement.lastElementChild as Element).shadowRoot as ShadowRoot;
      new MutationObserver((changes) => {
        for (const { addedNodes, target } of changes) {
          const region = (target as Element).closest?.("[aria-live], [role=status], [role=alert]");
          if (region === null || region === undefined || region.getAttribute("aria-live") === "off") continue;
          for (const node of addedNodes) if (region.getAttribute("role") === "log") read.push(node.textContent ?? "");
        }
      }).observe(root, { childList: true, subtree: true });
    });
  const read = () =>
    page.evaluate(() => (window as unknown as { read: string[] }).read.map((text) => text.replace(/\d\d?:\d\d.*/, "")));
  await expect(visitor.launcher).toBeVisible();
  await listen();
  await visitor.askForSomebody();
  await jane.claim();
  await expect(visitor.speaker()).toHaveText(jane.name);
  await jane.say("One");
  await jane.say("Two");
  await expect(log).toContainText("Two");
  await jane.typing(true);
  await expect(page.getByRole("status").filter({ hasText: "Jane is typing…" })).toHaveCount(1);
  // Nothing is told twice by being drawn again, hidden and shown, or seen.
  await page.keyboard.press("Escape");
  await visitor.launcher.click();
  await visitor.write("Hi");
  await expect(log.locator(".mine").last()).toContainText("Sent");
  await jane.read(100);
  await expect(log.locator(".mine").last()).toContainText("Seen");
  const heard = await read();
  // Names stand where the speaker changes.
  expect(heard).toEqual([
    "LanternHi! What brings you here?",
    "YouTalk to someone",
    "LanternOne moment, we are finding somebody for you.",
    "JJane joined",
    "JaneOne",
    "Two",
    "YouHi",
  ]);

  await page.reload();
  await listen();
  await expect(log).toContainText("Two");
  await jane.say("Three");
  await expect(log).toContainText("Three");
  await jane.say("Four");
  await expect(log).toContainText("Four");
  expect((await read()).filter((text) => /One|Two|Hi/.test(text))).toEqual([]);
  await expect(log).toHaveAttribute("aria-live", "polite");
  await jane.say("Five");
  await expect.poll(read).toContain("Five");
});

test("v8 at 400 % and 320 pixels everything is there, large enough, and the keyboard stays in the window", async ({
  agent,
  visit,
}) => {
  const jane = await agent();
  // 1280 by 800 at 400 %.
  const visitor = await visit(undefined, { viewport: { width: 320, height: 200 } });
  const { page, log } = visitor;
  await visitor.askForSomebody();
  await expect(page.getByRole("timer")).toBeVisible();
  await jane.claim();
  await jane.say("A word that is longer than the window: ".padEnd(120, "x"));
  await expect(log).toContainText("xxx");
  const dialog = page.getByRole("dialog", { name: "Chat" });
  await expect(dialog).toHaveAttribute("aria-modal", "true");
  expect(await dialog.boundingBox()).toEqual({ x: 0, y: 0, width: 320, height: 200 });
  expect(await dialog.evaluate((panel) => panel.scrollWidth)).toBeLessThanOrEqual(320);
  expect(await log.evaluate((box) => box.scrollWidth - box.clientWidth)).toBe(0);
  for (const control of await dialog.locator("button, summary, textarea").all()) {
    const { width = 0, height = 0 } = (await control.boundingBox()) ?? {};
    expect(Math.min(width, height)).toBeGreaterThanOrEqual(24);
  }

  // Round and round: menu, close, log, text box, send, and from the beginning again.
  const names: string[] = [];
  await page.locator(".more > summary").focus();
  for (let at = 0; at < 6; at += 1) {
    names.push(
      await page.evaluate(() => {
        const root = (document.documentElement.lastElementChild as Element).shadowRoot as ShadowRoot;
        return root.activeElement?.ariaLabel ?? "outside";
      }),
    );
    await page.keyboard.press("Tab");
  }
  expect(names).toEqual(["More", "Close", "Conversation", "Message", "Send", "More"]);
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Shift+Tab");
  await expect(page.getByRole("button", { name: "Send", exact: true })).toBeFocused();
  await visitor.write("Still here");
  await expect(log).toContainText("Still here");
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(visitor.launcher).toBeFocused();
});

test("v8 on a wide page the keyboard passes through the window, and comes back to the button", async ({
  site,
  visit,
}) => {
  const visitor = await visit((await site({ body: '<input aria-label="Search">' })).origin);
  const { page, launcher } = visitor;
  await launcher.focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Just looking" })).toBeEnabled();
  await expect(launcher).toHaveAccessibleName("Close chat");
  await expect(launcher).toHaveAttribute("aria-expanded", "true");
  await page.getByRole("textbox", { name: "Message" }).focus();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await expect(launcher).toBeFocused();
  await page.keyboard.press("Shift+Tab");
  await expect(page.getByRole("button", { name: "Send", exact: true })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(launcher).toBeFocused();
  await expect(launcher).toHaveAccessibleName("Open chat");
});

test("v8 the menu goes with the end, and when the pointer or the keyboard goes elsewhere", async ({ site, visit }) => {
  const visitor = await visit((await site({ body: '<h1>Lamps</h1><input aria-label="Search">' })).origin);
  const { page, log, menu } = visitor;
  const sound = page.getByRole("checkbox", { name: "Sound" });
  await visitor.open();
  await expect(page.getByRole("button", { name: "Just looking" })).toBeEnabled();
  // Its words are part of it.
  await menu.click();
  await page.getByText("Sound", { exact: true }).click();
  await expect(sound).toBeChecked();
  const elsewhere = [() => page.mouse.click(300, 500), () => log.click(), () => page.getByLabel("Search").focus()];
  for (const go of elsewhere) {
    await expect(sound).toBeVisible();
    await go();
    await expect(sound).toBeHidden();
    await menu.click();
  }
  await page.getByText("End chat").click();
  await page.getByRole("button", { name: "End it for good" }).click();
  await expect(log).toContainText("This chat has ended.");
  await expect(sound).toBeHidden();
  await expect(page.getByRole("dialog")).toBeFocused();
});

test("v8 motion, colours and contrast follow what the visitor's system asks for", async ({ visit, hub }) => {
  const visitor = await visit(undefined, { forcedColors: "active" });
  const { page, log } = visitor;
  await visitor.open();
  await visitor.choose("Just looking");
  await expect(log).toContainText("Enjoy your visit.");
  const moving = () =>
    page.locator(".panel, .said").evaluateAll((all) => all.map((part) => getComputedStyle(part).animationName));
  expect(await moving()).toContain("rise");
  await page.emulateMedia({ reducedMotion: "reduce" });
  expect(new Set(await moving())).toEqual(new Set(["none"]));
  // Without colours of its own a bubble is told by its edge, and what was chosen by its underline.
  const edge = await log
    .locator(".bubble")
    .first()
    .evaluate((bubble) => {
      const { borderTopColor, borderTopWidth, borderTopStyle } = getComputedStyle(bubble);
      return `${borderTopWidth} ${borderTopStyle} ${borderTopColor}`;
    });
  expect(edge).toMatch(/^1px solid rgb\(/);
  await page.getByRole("radio", { name: "2 of 5" }).check();
  const lines = await page.locator(".star").evaluateAll((stars) =>
    stars.map((star) => {
      const { borderBottomColor, borderBottomWidth } = getComputedStyle(star);
      return borderBottomColor.startsWith("rgb(") && borderBottomWidth;
    }),
  );
  expect(lines).toEqual(["3px", "3px", "0px", "0px", "0px"]);
  await page.emulateMedia({ forcedColors: "none", colorScheme: "dark" });
  const paper = () => page.locator(".panel").evaluate((panel) => getComputedStyle(panel).backgroundColor);
  await expect.poll(paper).toBe("rgb(23, 25, 31)");
  // A site may decide it.
  await page.route("**/demo", async (route) => {
    const response = await route.fetch();
    const body = (await response.text()).replace('data-playbook="pb_demo"', '$& data-theme="light"');
    await route.fulfill({ response, body });
  });
  await page.goto(`${hub.origin}/demo`);
  await expect.poll(paper).toBe("rgb(255, 255, 255)");
});
