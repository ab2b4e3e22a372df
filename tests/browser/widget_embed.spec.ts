import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures";
import { strictPolicy } from "./site";
import { VisitorPage } from "./visitor_page";

interface Event {
  name: string;
  tdur?: number;
  dur?: number;
  args: { data?: { url?: string } };
}

/** What a page can see of the widget: globals, its own markup, its own functions. */
function look(page: Page): Promise<Record<string, unknown>> {
  return page.evaluate(() => {
    const { known } = window as unknown as { known: { names: string[]; own: unknown[] } };
    const strangers = Object.getOwnPropertyNames(window).filter((name) => !known.names.includes(name));
    const own = [fetch, WebSocket, history.pushState, addEventListener, localStorage.setItem, Element.prototype.append];
    return {
      globals: strangers.filter((name) => name !== "known"),
      untouched: own.every((one, at) => one === known.own[at]),
      head: document.head.outerHTML,
      body: document.body.outerHTML,
      title: document.title,
      roots: [...document.querySelectorAll("*")].filter((element) => element.shadowRoot !== null).length,
      guests: [...document.documentElement.children].slice(2).map((guest) => guest.outerHTML),
      cookies: document.cookie,
    };
  });
}

test("v1 under the strictest policy and Trusted Types the widget works, and the page is as it was", async ({
  hub,
  site,
  browser,
}) => {
  const { origin } = await site({ policy: strictPolicy(hub), body: '<input aria-label="Search" autofocus>' });
  const context = await browser.newContext();
  await context.addInitScript(() => {
    const own = [fetch, WebSocket, history.pushState, addEventListener, localStorage.setItem, Element.prototype.append];
    Object.assign(window, { known: { names: Object.getOwnPropertyNames(window), own } });
  });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("console", (line) => line.type() === "error" && faults.push(line.text()));
  page.on("pageerror", (fault) => faults.push(fault.message));
  // Nothing of the widget's may be looked into from here: the root is closed, as it is for every site.
  const launcher = page.getByRole("button", { name: "Open chat" });
  await page.goto(origin);
  await page.waitForFunction(() => document.documentElement.children.length === 3);
  await page.mouse.click(1232, 752);
  await page.waitForFunction(() => Object.keys(localStorage).some((name) => name.endsWith(":live")));
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect(launcher).toHaveCount(0);
  expect(await look(page)).toMatchObject({
    globals: ["Usher"],
    untouched: true,
    body: '<body><input aria-label="Search" autofocus="">\n</body>',
    title: "Lamps",
    roots: 0,
    guests: ['<div dir="ltr" lang="en" popover="manual"></div>'],
    cookies: "",
  });
  expect(faults).toEqual([]);
  expect(await context.cookies()).toEqual([]);
  await context.close();
});

test("v1 before the first press nothing is stored and nothing is asked for but the script and the settings", async ({
  hub,
  site,
  context,
}) => {
  const { origin } = await site();
  const requests: string[] = [];
  context.on("request", (request) => requests.push(`${request.method()} ${request.url().replace(hub.origin, "")}`));
  const stored = (page: Page) =>
    page.evaluate(async () => ({
      local: { ...localStorage },
      session: sessionStorage.length,
      databases: (await indexedDB.databases()).length,
      cookies: document.cookie,
    }));
  const sockets: string[] = [];
  context.on("page", (page) => page.on("websocket", (socket) => sockets.push(socket.url())));

  const visitor = await VisitorPage.arrive(context, origin);
  await expect(visitor.launcher).toBeVisible();
  await expect(visitor.launcher).toHaveAccessibleName("Open chat");
  // Whatever was on its way has come.
  await visitor.page.evaluate(() => new Promise((idle) => requestIdleCallback(idle)));
  const settings = ["GET /widget.js", "GET /v1/widget/pb_demo?module&locale=&lang=en"];
  expect(requests.filter((request) => !request.includes(origin))).toEqual(settings);
  expect(await stored(visitor.page)).toEqual({ local: {}, session: 0, databases: 0, cookies: "" });
  expect(sockets).toEqual([]);

  await visitor.open();
  await visitor.choose("Just looking");
  await expect(visitor.log).toContainText("Enjoy your visit.");
  expect(requests.filter((request) => !request.includes(origin)).slice(2)).toEqual([
    expect.stringMatching(/^GET \/assets\/chat-[\w-]+\.en\.js$/),
  ]);
  expect(sockets).toEqual([`${hub.origin.replace("http", "ws")}/v1/visitor`]);
  const after = await stored(visitor.page);
  const prefix = `usher:${new URL(hub.origin).host}:`;
  expect(Object.keys(after.local).sort()).toEqual([`${prefix}open`, `${prefix}read`, `${prefix}token`]);
  expect(after).toMatchObject({ session: 0, databases: 0, cookies: "" });
  expect(await context.cookies()).toEqual([]);
});

/** What a page's own style sheet may say about everything on it. */
const HOSTILE = `<style>
  html * { display: none !important; visibility: hidden !important; opacity: 0.1 !important; position: static !important;
    width: 1px !important; height: 1px !important; margin: 3em !important; inset: auto !important; z-index: -1 !important;
    transform: rotate(9deg) scale(0.2) !important; filter: blur(9px) !important; clip-path: inset(50%) !important;
    pointer-events: none !important; zoom: 3 !important; contain: strict !important; content-visibility: hidden !important;
    animation: spin 1s infinite !important; --accent: #f0f !important; --paper: red !important; }
  html, html * { font: 90px/3 cursive !important; color: red !important; background: lime !important;
    letter-spacing: 1em !important; word-spacing: 2em !important; text-transform: uppercase !important;
    direction: rtl !important; text-align: right !important; writing-mode: vertical-rl !important;
    white-space: pre !important; cursor: none !important; user-select: none !important; text-indent: 4em !important; }
  @keyframes spin { to { transform: rotate(1turn); } }
</style>`;

test("v1 a page's hostile style sheet does not reach the widget", async ({ site, visit }) => {
  const measure = async (head: string) => {
    const visitor = await visit((await site({ head })).origin, { reducedMotion: "reduce" });
    await visitor.launcher.click();
    await expect(visitor.log).toContainText("Hi! What brings you here?");
    await expect(visitor.page.getByRole("button", { name: "Just looking" })).toBeEnabled();
    return visitor.page.evaluate(() => {
      const root = (document.documentElement.lastElementChild as Element).shadowRoot as ShadowRoot;
      return [...root.querySelectorAll("*")].map((element) => {
        const { x, y, width, height } = element.getBoundingClientRect();
        const style = getComputedStyle(element);
        const looks = [style.color, style.backgroundColor, style.font, style.direction, style.cursor, style.opacity];
        return [element.className, element.tagName, ...[x, y, width, height].map(Math.round), ...looks].join(" ");
      });
    });
  };
  const [plain, hostile] = [await measure(""), await measure(HOSTILE)];
  expect(plain.length).toBeGreaterThan(20);
  expect(hostile).toEqual(plain);
});

test("v1 the loader takes less than 30 ms of the main thread of a machine four times slower", { tag: "@alone" }, async ({
  site,
  browser,
}) => {
  const { origin } = await site();
  const page = await browser.newPage();
  const session = await page.context().newCDPSession(page);
  await session.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  await browser.startTracing(page, { categories: ["devtools.timeline", "v8"] });
  await page.goto(origin);
  await page.waitForFunction(() => document.documentElement.children.length === 3);
  const { traceEvents } = JSON.parse(String(await browser.stopTracing())) as { traceEvents: Event[] };
  const work = [
    "EvaluateScript",
    "v8.compile",
    "v8.compileModule",
    "v8.evaluateModule",
    "FunctionCall",
    "RunMicrotasks",
  ];
  const ours = traceEvents.filter(
    ({ name, args }) => work.includes(name) && (name === "RunMicrotasks" || /widget/.test(args.data?.url ?? "")),
  );
  const spent = ours.reduce((sum, { tdur = 0 }) => sum + tdur, 0) / 1_000;
  console.log(`loader: ${spent.toFixed(1)} ms of main thread, 4 x throttled`);
  expect(ours.map(({ name }) => name)).toContain("EvaluateScript");
  expect(spent).toBeGreaterThan(0);
  expect(spent).toBeLessThan(30);
  await page.close();
});

test("v1 an unknown playbook shows no button", async ({ site, visit }) => {
  const { origin } = await site({ tag: 'data-playbook="pb_of_nobody"' });
  const visitor = await visit("about:blank");
  const asked = visitor.page.waitForResponse((response) => response.url().includes("/v1/widget/"));
  await visitor.page.goto(origin);
  expect((await asked).status()).toBe(404);
  await expect(visitor.page.getByRole("button")).toHaveCount(0);
});

test("v1 a button from before a deploy opens the chat of the hub that came after it", async ({ hub, visit }) => {
  const { page } = await visit("about:blank");
  // As after a deploy: the parts that this page's loader knows are gone, a newer loader knows others.
  await page.route(/\/assets\/chat-[^?]*$/, (route) => route.fulfill({ status: 404 }));
  await page.route(/\/widget\.js\?/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: (await response.text()).replace(/chat-[^`]*\.js/, "$&?newer") });
  });
  await page.goto(`${hub.origin}/demo`);
  await page.getByRole("button", { name: "Open chat" }).click();
  await expect(page.getByRole("button", { name: "Talk to someone" })).toBeVisible();
  await expect(page.getByRole("button", { name: /(Open|Close) chat/ })).toHaveCount(1);
});
