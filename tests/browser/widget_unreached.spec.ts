import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures";
import { demoPlaybook } from "./playbook";

/** A page that listens to how the window comes and goes. */
const HEARD = `<script>
  window.heard = [];
  window.Usher = ["ready", "open", "close"].map((name) => ["on", name, () => heard.push(name)]);
</script>`;
const TOLD = "The chat cannot be reached. Trying again…";

function heard(page: Page): Promise<string[]> {
  return page.evaluate(() => (window as unknown as { heard: string[] }).heard);
}

test("v5 a press while the hub cannot be reached is answered in words, and the chat opens by itself when it is back", async ({
  hub,
  site,
  visit,
}) => {
  const visitor = await visit((await site({ head: HEARD })).origin);
  const { page, launcher, log } = visitor;
  const told = page.getByRole("status").filter({ hasText: TOLD });
  await expect(launcher).toBeVisible();
  // There before it says anything: else a screen reader would not hear of it.
  await expect(page.getByRole("status")).toHaveCount(1);
  await hub.kill();
  await launcher.click();
  await expect(told).toBeVisible();
  await expect(launcher).toHaveAttribute("aria-busy", "true");
  const [box, button] = [await told.boundingBox(), await launcher.boundingBox()];
  expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(button?.y ?? 0);
  expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(1280);
  expect(await heard(page)).toEqual(["ready"]);
  expect(await page.evaluate(() => localStorage.length)).toBe(0);

  // Whoever does not want to wait takes it back, and the page is not told of what it did not see.
  await expect(launcher).toHaveAccessibleName("Close chat");
  await launcher.click();
  await expect(told).toHaveCount(0);
  await expect(launcher).toHaveAccessibleName("Open chat");
  await launcher.click();
  await expect(told).toBeVisible();
  expect(await heard(page)).toEqual(["ready"]);

  await hub.start();
  await expect(log).toContainText("Hi! What brings you here?", { timeout: 45_000 });
  await expect(told).toHaveCount(0);
  await expect(launcher).toHaveAttribute("aria-busy", "false");
  await expect(page.getByRole("button", { name: "Just looking" })).toBeEnabled();
  await expect(page.getByRole("button", { name: /(Open|Close) chat/ })).toHaveCount(1);
  expect((await heard(page)).filter((name) => name !== "ready")).toEqual(["open"]);
  await page.keyboard.press("Escape");
  expect((await heard(page)).filter((name) => name !== "ready")).toEqual(["open", "close"]);
});

test("v7 that the hub cannot be reached is said in the page's language, within a small screen", async ({
  hub,
  site,
  visit,
}) => {
  // Seven visitors.
  test.slow();
  const pages = [];
  for (const [locale, text] of [
    ["nl", "De chat is niet bereikbaar."],
    ["de", "Der Chat ist nicht erreichbar."],
    ["fr", "Le chat est injoignable."],
    ["es", "No se puede conectar con el chat."],
    ["pt", "Não foi possível acessar o chat."],
    ["pl", "Nie można połączyć się z czatem."],
    ["ar", "تعذر الوصول إلى المحادثة."],
  ] as const) {
    const { origin } = await site({ tag: `data-playbook="pb_demo" data-locale="${locale}"` });
    const visitor = await visit(origin, { viewport: { width: 320, height: 480 } });
    await expect(visitor.launcher).toBeVisible();
    pages.push({ visitor, locale, text });
  }
  await hub.kill();
  for (const { visitor, locale, text } of pages) {
    await visitor.launcher.click();
    const told = visitor.page.getByRole("status").filter({ hasText: text });
    await expect(told).toBeVisible();
    const { x = -1, width = 999 } = (await told.boundingBox()) ?? {};
    expect(x, locale).toBeGreaterThanOrEqual(0);
    expect(x + width, locale).toBeLessThanOrEqual(320);
    await expect(told).toHaveCSS("direction", locale === "ar" ? "rtl" : "ltr");
  }
});

test("v5 what is under way behind the button comes back by itself when the hub does", async ({
  hub,
  site,
  visit,
  agent,
}) => {
  const jane = await agent();
  const visitor = await visit((await site()).origin);
  const { page } = visitor;
  await visitor.askForSomebody();
  await jane.claim();
  await expect(visitor.speaker()).toHaveText(jane.name);
  await page.keyboard.press("Escape");
  // The next page comes while the chat cannot be fetched.
  let refused = 0;
  await page.route(/\/assets\/chat-|\/widget\.js\?/, (route) => {
    refused += 1;
    return route.abort();
  });
  await page.reload();
  await expect.poll(() => refused).toBeGreaterThan(1);
  await expect(page.locator(".note")).toBeEmpty();
  await page.unroute(/\/assets\/chat-|\/widget\.js\?/);
  await jane.say("Are you there?");
  await expect(page.locator(".badge")).toContainText("1", { timeout: 45_000 });
  expect(hub.origin).toContain("127.0.0.1");
});

test("v1 settings that did not come are asked for again, and a page that asked for the chat has it then", async ({
  site,
  visit,
}) => {
  const visitor = await visit("about:blank");
  const { page, launcher, log } = visitor;
  let asked = 0;
  await page.route("**/v1/widget/**", (route) => {
    asked += 1;
    return asked < 3 ? route.abort() : route.fallback();
  });
  await page.clock.install();
  await page.goto((await site()).origin);
  await expect.poll(() => asked).toBe(1);
  await page.evaluate(() => (window as unknown as { Usher: { open(): void } }).Usher.open());
  await expect.poll(() => asked).toBe(2);
  await expect(launcher).toHaveCount(0);
  // 32 s at most, after the second failure.
  await expect(async () => {
    await page.clock.runFor(33_000);
    expect(asked).toBe(3);
  }).toPass({ timeout: 45_000 });
  await expect(log).toBeVisible();
});

test.describe("that opens by itself", () => {
  test.use({ playbook: { ...demoPlaybook(60_000), open_after_ms: 30_000 } });

  test("v2 a playbook that would open by itself says nothing while it cannot", async ({ hub, site, visit }) => {
    const { origin } = await site({ head: HEARD });
    const visitor = await visit("about:blank");
    const { page, launcher } = visitor;
    await page.clock.install();
    await page.goto(origin);
    await expect(launcher).toBeVisible();
    await hub.kill();
    const failed = page.waitForEvent("requestfailed", (request) => request.url().includes("/assets/chat-"));
    await page.clock.runFor(31_000);
    await failed;
    await expect(launcher).toHaveAccessibleName("Open chat");
    await expect(page.locator(".note")).toBeEmpty();
    expect(await heard(page)).toEqual(["ready"]);
  });
});
