import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures";
import { demoPlaybook } from "./playbook";

const TELEPHONE = { viewport: { width: 390, height: 844 }, hasTouch: true };
const FORM = `<h1>Checkout</h1><a href="/terms">Terms</a> <a href="/two">Two</a>
  <label>Card number <input id="card"></label><div style="height: 4000px">Long</div>`;

/** A page that listens to how the window comes and goes. */
const HEARD = `<script>
  window.heard = [];
  window.Usher = ["open", "close", "shutdown"].map((name) => ["on", name, () => heard.push(name)]);
</script>`;

/** Whether the keyboard is in the widget. */
function inWidget(page: Page): Promise<boolean> {
  return page.evaluate(() => document.activeElement === document.documentElement.lastElementChild);
}

test.describe("that opens by itself", () => {
  test.use({ playbook: { ...demoPlaybook(60_000), open_after_ms: 30_000 } });

  test("v2 where it would cover the page, a playbook that opens by itself shows its number at the button alone", async ({
    site,
    visit,
  }) => {
    const { origin } = await site({ body: FORM, head: HEARD });
    const visitor = await visit("about:blank", TELEPHONE);
    const { page, log, launcher } = visitor;
    const heard = () => page.evaluate(() => (window as unknown as { heard: string[] }).heard);
    await page.clock.install();
    await page.goto(origin);
    await expect(launcher).toBeVisible();
    await page.locator("#card").focus();
    await page.keyboard.type("4242");
    await page.clock.runFor(31_000);
    await expect(page.locator(".badge")).toBeVisible();
    await page.keyboard.type(" 4242");
    await expect(page.locator("#card")).toHaveValue("4242 4242");
    await expect(page.getByRole("dialog")).toBeHidden();
    await expect(launcher).toHaveAccessibleName("Open chat");
    // What did not open does not close.
    expect(await heard()).toEqual([]);
    await launcher.tap();
    await expect(log).toContainText("Hi! What brings you here?");
    await expect(page.locator(".badge")).toBeHidden();
    expect(await heard()).toEqual(["open"]);
    await page.keyboard.press("Escape");
    await expect(log).toBeHidden();
    expect(await heard()).toEqual(["open", "close"]);
    await launcher.tap();
    await expect(log).toBeVisible();
    await page.evaluate(() => (window as unknown as { Usher: { shutdown(): void } }).Usher.shutdown());
    await expect.poll(heard).toEqual(["open", "close", "open", "close", "shutdown"]);
  });
});

test("v8 a window that covers the page has the keyboard, after a reload too, and is closed on the next page", async ({
  agent,
  site,
  visit,
}) => {
  const jane = await agent();
  const { origin } = await site({ body: FORM });
  const visitor = await visit(origin, { viewport: { width: 320, height: 512 } });
  const { page, log, launcher } = visitor;
  await visitor.askForSomebody();
  await jane.claim();
  await expect(visitor.speaker()).toHaveText(jane.name);

  await page.reload();
  await expect(log).toBeVisible();
  await expect(page.getByRole("dialog")).toHaveAttribute("aria-modal", "true");
  await expect.poll(() => inWidget(page)).toBe(true);
  for (const key of ["Shift+Tab", "Tab", "Tab", "Tab", "Tab", "Tab", "Tab"]) {
    await page.keyboard.press(key);
    expect(await inWidget(page)).toBe(true);
  }

  await page.goto(`${origin}/two`);
  await expect(launcher).toBeVisible();
  await expect(launcher).toHaveAccessibleName("Open chat");
  await jane.say("Still there?");
  await expect(page.locator(".badge")).toBeVisible();
  await expect(page.getByRole("dialog")).toBeHidden();
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Terms" })).toBeFocused();
  await launcher.click();
  await expect(log).toContainText("Still there?");
});

test("v8 a name of one long word breaks instead of making the window wider than the screen", async ({
  hub,
  agent,
  visit,
}) => {
  const long = `${"Konstantinopolitanischer".repeat(3)}`.slice(0, 57);
  const jane = await agent(hub.introduce("jane-1", long));
  const visitor = await visit(undefined, { viewport: { width: 320, height: 400 } });
  const { page, log } = visitor;
  await visitor.askForSomebody();
  await jane.claim();
  await jane.say("Hello");
  await jane.typing(true);
  await expect(log).toContainText("Hello");
  await expect(page.locator(".typing")).toContainText(long);
  const wide = page.getByRole("dialog").locator("visible=true");
  const over = await wide.evaluateAll((all) =>
    all.filter((part) => part.getBoundingClientRect().right > innerWidth).map(({ className }) => className),
  );
  expect(over).toEqual([]);
  expect(await page.getByRole("dialog").evaluate((panel) => panel.scrollWidth)).toBeLessThanOrEqual(320);
});

test("v8 a wide window takes no keyboard by itself, and does when it comes to cover the page", async ({
  site,
  visit,
}) => {
  const visitor = await visit((await site({ body: FORM })).origin);
  const { page, log } = visitor;
  await visitor.open();
  await page.reload();
  await expect(log).toContainText("Hi! What brings you here?");
  await page.locator("#card").focus();
  await page.keyboard.type("42");
  await expect(page.locator("#card")).toHaveValue("42");
  await page.setViewportSize({ width: 320, height: 640 });
  await expect(page.getByRole("dialog")).toHaveAttribute("aria-modal", "true");
  await expect.poll(() => inWidget(page)).toBe(true);
});

test("v8 a page does not scroll behind the window that covers it", async ({ site, visit }) => {
  const visitor = await visit((await site({ body: FORM })).origin, TELEPHONE);
  const { page, log } = visitor;
  await visitor.open();
  await expect(page.getByRole("button", { name: "Just looking" })).toBeEnabled();
  await page.evaluate(() => {
    const turned: number[] = [];
    Object.assign(window, { turned });
    addEventListener("wheel", ({ deltaY }) => turned.push(deltaY), { passive: true });
  });
  const turned = () => page.evaluate(() => (window as unknown as { turned: number[] }).turned.length);
  for (const [part, y] of [
    ["head", 30],
    ["log", 400],
  ] as const) {
    const before = await turned();
    await page.mouse.move(150, y);
    await page.mouse.wheel(0, 600);
    await expect.poll(turned, part).toBeGreaterThan(before);
    // Two frames, in which it would have scrolled.
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    expect(await page.evaluate(() => scrollY), part).toBe(0);
  }
  await visitor.page.keyboard.press("Escape");
  await expect(log).toBeHidden();
  await page.mouse.wheel(0, 600);
  await expect.poll(() => page.evaluate(() => scrollY)).toBeGreaterThan(0);
});
