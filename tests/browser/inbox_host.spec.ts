import type { FrameLocator, Page } from "@playwright/test";
import { test as base, expect } from "./fixtures";
import { asked, give, Host } from "./host";
import type { SignIn } from "./hub";

/** With an application that the hub is told of, and one that it is not. */
const test = base.extend<{ host: Host; stranger: Host }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads off the pattern what a fixture needs.
  host: async ({}, use) => {
    const host = await Host.open();
    await use(host);
    host.close();
  },
  // biome-ignore lint/correctness/noEmptyPattern: as above.
  stranger: async ({}, use) => {
    const stranger = await Host.open();
    await use(stranger);
    stranger.close();
  },
  settings: async ({ host }, use) => use({ USHER_INBOX__HOST_ORIGINS: host.origin }),
});

const tokenOf = ({ link }: SignIn) => link.split("#token=")[1] ?? "";
const online = (inbox: Page | FrameLocator) => inbox.getByRole("switch", { name: "Online" });
const signInForm = (inbox: Page | FrameLocator) => inbox.getByLabel("Token or sign-in link");

/** What the page's policy and its scripts complain of. */
function faultsOf(page: Page): string[] {
  const faults: string[] = [];
  page.on("pageerror", (fault) => faults.push(fault.message));
  page.on("console", (line) => {
    if (line.text().includes("Content Security Policy")) faults.push(line.text());
  });
  return faults;
}

/** The window that the application opens. */
async function opened(page: Page): Promise<Page> {
  const [window] = await Promise.all([page.waitForEvent("popup"), page.evaluate("opens()")]);
  return window;
}

/** Waits until so many messages of an origin have come to this page, whatever it makes of them. */
async function counted(inbox: Page): Promise<(origin: string, least: number) => Promise<void>> {
  await inbox.evaluate(() => {
    const heard: string[] = [];
    Object.assign(window, { heard });
    addEventListener("message", (event) => heard.push(event.origin));
  });
  return (origin, least) =>
    expect
      .poll(() =>
        inbox.evaluate(
          (from) => (window as unknown as { heard: string[] }).heard.filter((one) => one === from).length,
          origin,
        ),
      )
      .toBeGreaterThanOrEqual(least);
}

test("i9 an application that is configured frames the inbox and signs its agent in, and nothing of that stands in an address", async ({
  host,
  hub,
  page,
  visit,
}) => {
  const faults = faultsOf(page);
  const requests: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(`${host.origin}/?hub=${hub.origin}`);
  await page.evaluate("frame()");
  const inbox = page.frameLocator("iframe");
  await expect(signInForm(inbox)).toBeVisible();
  await expect(inbox.getByRole("status")).toContainText("application around this page");
  await expect.poll(() => asked(page)).toContain("start");
  await give(page, tokenOf(hub.agent));
  // It asks again by itself.
  await expect(online(inbox)).toBeVisible();
  await online(inbox).click();
  const visitor = await visit();
  await visitor.askForSomebody();
  await inbox.getByRole("list", { name: "Conversations" }).getByRole("button").click();
  await inbox.getByRole("button", { name: "Assign to me" }).click();
  await inbox.getByRole("textbox", { name: "Message" }).fill("From within");
  await inbox.getByRole("button", { name: "Send", exact: true }).click();
  await expect(visitor.log).toContainText("From within");

  const token = tokenOf(hub.agent);
  expect(requests.filter((url) => url.includes(token))).toEqual([]);
  expect(
    page
      .frames()
      .map((frame) => frame.url())
      .join(),
  ).not.toContain(token);
  expect(faults).toEqual([]);

  await test.step("another agent's token, said unasked, is another agent's inbox", async () => {
    await give(page, tokenOf(hub.admin), true);
    await expect(inbox.getByRole("link", { name: "Playbooks", exact: true })).toBeVisible();
    await expect(inbox.getByText("From within")).toHaveCount(0);
  });

  await test.step("who signs out stays signed out", async () => {
    const before = (await asked(page)).length;
    await inbox.getByRole("button", { name: "Settings" }).click();
    await inbox.getByRole("button", { name: "Sign out" }).click();
    await expect(signInForm(inbox)).toBeVisible();
    expect(await asked(page)).toHaveLength(before);
  });
});

test("i9 opened as a window, the inbox takes a token from the application that opened it, and from no other", async ({
  host,
  hub,
  page,
  stranger,
}) => {
  await page.goto(`${stranger.origin}/?hub=${hub.origin}`);
  const odd = await opened(page);
  await expect(signInForm(odd)).toBeVisible();
  await expect(odd.getByRole("status")).toContainText("application around this page");
  const heard = await counted(odd);
  await give(page, tokenOf(hub.admin), true);
  await give(page, tokenOf(hub.admin), true);
  await heard(stranger.origin, 2);
  await expect(signInForm(odd)).toBeVisible();
  expect(await odd.evaluate(() => JSON.stringify(sessionStorage))).toBe("{}");
  expect(await asked(page)).toEqual([]);

  await page.goto(`${host.origin}/?hub=${hub.origin}`);
  await give(page, tokenOf(hub.agent));
  const inbox = await opened(page);
  await expect(online(inbox)).toBeVisible();
  expect(inbox.url()).toBe(`${hub.origin}/`);

  await test.step("of another window of the application nothing is taken either", async () => {
    const before = await inbox.evaluate(() => sessionStorage.getItem("usher.token"));
    const heardHere = await counted(inbox);
    const message = JSON.stringify({ type: "usher.token", token: tokenOf(hub.admin) });
    await page.evaluate(`{
      const frame = document.createElement("iframe");
      frame.src = location.href;
      frame.onload = () => {
        frame.contentWindow.target = inbox;
        frame.contentWindow.eval('target.postMessage(${message}, HUB)');
      };
      document.body.append(frame);
    }`);
    await heardHere(host.origin, 1);
    await expect(online(inbox)).toBeVisible();
    expect(await inbox.evaluate(() => sessionStorage.getItem("usher.token"))).toBe(before);
  });
});

test("i9 who is not configured can put no frame around the inbox", async ({ host, hub, page, stranger }) => {
  const refused: string[] = [];
  page.on("console", (line) => {
    if (line.text().includes("frame-ancestors")) refused.push(line.text());
  });
  await page.goto(`${stranger.origin}/?hub=${hub.origin}`);
  await page.evaluate("frame()");
  await expect.poll(() => refused.length).toBeGreaterThan(0);
  await expect(page.frameLocator("iframe").getByRole("heading", { name: "Usher" })).toHaveCount(0);
  // The application that may, may not for the demo page.
  const before = refused.length;
  await page.goto(`${host.origin}/?hub=${hub.origin}`);
  await page.evaluate("frame(); document.querySelector('iframe').src = HUB + '/demo'");
  await expect.poll(() => refused.length).toBeGreaterThan(before);
  expect(await asked(page)).not.toContain("ended");
});

test("i9 the application is asked for a new token before one ends, and the chat goes on in the same connection", async ({
  host,
  hub,
  page,
}) => {
  const hellos: string[] = [];
  let sockets = 0;
  page.on("websocket", (socket) => {
    sockets += 1;
    socket.on("framesent", ({ payload }) => {
      const frame = JSON.parse(String(payload)) as { type: string; token?: string };
      if (frame.type === "hello") hellos.push(frame.token ?? "");
    });
  });
  const short = tokenOf(hub.issue("eve", "Eve", "30s"));
  const ends = Date.now() + 30_000;
  await page.goto(`${host.origin}/?hub=${hub.origin}`);
  await give(page, short);
  await page.evaluate("frame()");
  const inbox = page.frameLocator("iframe");
  await expect(online(inbox)).toBeVisible();
  const long = tokenOf(hub.issue("eve", "Eve", "1h"));
  await give(page, long);
  await expect.poll(() => asked(page), { timeout: 30_000 }).toContain("renewal");
  await expect.poll(() => hellos.at(-1)).toBe(long);
  // The first one's end passes unnoticed.
  await expect.poll(() => Date.now() > ends + 2_000, { timeout: 50_000, intervals: [500] }).toBe(true);
  await expect(inbox.getByText("Connected")).toBeVisible();
  await expect(online(inbox)).toBeVisible();
  expect([sockets, new Set(hellos).size]).toEqual([1, 2]);
  expect(await asked(page)).not.toContain("ended");
});

test("i9 a token that the hub refuses is asked for anew, and a good one then signs in", async ({ host, hub, page }) => {
  await page.goto(`${host.origin}/?hub=${hub.origin}`);
  await give(page, "not.a.token");
  await page.evaluate("frame()");
  const inbox = page.frameLocator("iframe");
  await expect(inbox.getByRole("alert")).toContainText("expired or is not valid");
  await expect.poll(() => asked(page)).toContain("ended");
  await give(page, tokenOf(hub.agent));
  await expect(online(inbox)).toBeVisible();
});

base("i9 by default nobody frames the inbox, and no token is taken from who opened it", async ({ hub, page }) => {
  const host = await Host.open();
  try {
    await page.goto(`${host.origin}/?hub=${hub.origin}`);
    const inbox = await opened(page);
    await expect(signInForm(inbox)).toBeVisible();
    const heard = await counted(inbox);
    await give(page, tokenOf(hub.agent), true);
    await heard(host.origin, 1);
    await expect(signInForm(inbox)).toBeVisible();
    await expect(inbox.getByText("application around this page")).toHaveCount(0);
    expect(await asked(page)).toEqual([]);

    const refused: string[] = [];
    page.on("console", (line) => {
      if (line.text().includes("frame-ancestors")) refused.push(line.text());
    });
    await page.evaluate("frame()");
    await expect.poll(() => refused.length).toBeGreaterThan(0);
  } finally {
    host.close();
  }
});
