import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "./fixtures";
import { sign } from "./jwt";

/** When something in a folder was last written, milliseconds; 0 where there is none. */
function newest(folder: string): number {
  if (!existsSync(folder)) return 0;
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return Math.max(...files.map((file) => statSync(resolve(folder, file)).mtimeMs));
}

const SITE_SECRET = "a secret of the site's own server, long enough";

interface Heard {
  heard: [string, unknown][];
}

/** Called before the script is there, as pages do. */
const QUEUE = `<script>
  window.heard = [];
  window.Usher = [];
  for (const name of ["ready", "open", "close", "connection", "available", "state", "queue", "agent", "message", "sent", "unread", "rated", "shutdown"])
    Usher.push(["on", name, (detail) => heard.push([name, detail ?? null])]);
</script>`;

test.describe("with sites that sign", () => {
  test.use({ settings: { USHER_IDENTITY__DEFAULT__HS256_SECRET: SITE_SECRET } });

  test("v6 a page opens, closes, identifies, listens and shuts down, and hears of every state", async ({
    site,
    visit,
    agent,
  }) => {
    const jane = await agent();
    const visitor = await visit((await site({ head: QUEUE })).origin);
    const { page, launcher } = visitor;
    const call = (verb: string, value?: unknown) =>
      page.evaluate(
        ([verb, value]) =>
          (window as unknown as { Usher: Record<string, (value: unknown) => void> }).Usher[verb as string]?.(value),
        [verb, value],
      );
    const heard = (name: string) =>
      page.evaluate(
        (name) => (window as unknown as Heard).heard.filter(([one]) => one === name).map(([, detail]) => detail),
        name,
      );

    await expect(launcher).toBeVisible();
    const ada = sign({ sub: "ada-1", aud: "usher-visitor", name: "Ada Lovelace" }, SITE_SECRET);
    await call("identify", ada);
    await call("open");
    await expect(page.getByRole("dialog", { name: "Chat" })).toBeVisible();
    await visitor.choose("Talk to someone");
    // Before the claim, which may overtake it.
    await expect.poll(() => heard("queue")).toEqual([1]);
    await jane.claim();
    await expect(visitor.speaker()).toHaveText("Jane");
    await jane.say("Hello");
    await visitor.write("Hi!");
    await expect.poll(() => heard("sent")).toEqual([{ text: "Hi!" }]);
    await call("close");
    await expect(page.getByRole("dialog")).toBeHidden();
    await jane.say("Are you there?");
    await expect.poll(() => heard("unread")).toContain(1);
    await call("open");
    await jane.close();
    await page.getByRole("radio", { name: "5 of 5" }).check();
    await page.getByRole("button", { name: "Send" }).click();
    await expect.poll(() => heard("rated")).toEqual([{ score: 5 }]);
    const visitors = (await jane.ask({ type: "list", folder: "closed" })).conversations as { visitor: unknown }[];
    expect(visitors[0]?.visitor).toMatchObject({ name: "Ada Lovelace", verified: true });

    const host = page.locator("html > div");
    await expect(host).toHaveCount(1);
    await call("shutdown");
    await expect(host).toHaveCount(0);
    expect(await page.evaluate(() => localStorage.length)).toBe(0);
    await expect.poll(() => heard("shutdown")).toEqual([null]);
    expect(await heard("ready")).toEqual([null]);
    expect(await heard("open")).toEqual([null, null]);
    // The second of them when the widget was shut down.
    expect(await heard("close")).toEqual([null, null]);
    expect(await heard("state")).toEqual(["bot", "waiting", "assigned", "closed"]);
    expect(await heard("agent")).toEqual([{ id: expect.any(String), name: "Jane" }, null]);
    expect(await heard("available")).toEqual([true]);
    expect(await heard("queue")).toEqual([1]);
    expect((await heard("connection")).slice(0, 2)).toEqual([{ state: "connecting" }, { state: "live" }]);
    expect(await heard("message")).toEqual([
      { from: "Lantern", by: "bot", text: "Hi! What brings you here?" },
      { from: "Lantern", by: "bot", text: expect.stringContaining("One moment") },
      { from: "Jane", by: "agent", text: "Hello" },
      { from: "Jane", by: "agent", text: "Are you there?" },
    ]);

    // Somebody else may come to the same machine.
    await call("start");
    await call("open");
    await expect(page.getByRole("button", { name: "Talk to someone" })).toBeVisible();
    await expect(visitor.log).not.toContainText("Hello");
  });
});

test.describe("with identities that run out", () => {
  test.use({ settings: { USHER_IDENTITY__DEFAULT__HS256_SECRET: SITE_SECRET } });

  test("v6 a page is asked for a fresh identity when one has run out, and the chat goes on as if nothing were", async ({
    site,
    visit,
    agent,
    hub,
  }) => {
    const claims = { sub: "ada-1", aud: "usher-visitor", name: "Ada Lovelace" };
    const stale = () => sign({ ...claims, exp: Math.floor(Date.now() / 1_000) - 3_600 }, SITE_SECRET);
    const visitor = await visit("about:blank");
    const { page, log } = visitor;
    let asked = 0;
    await page.exposeFunction("freshIdentity", () => {
      asked += 1;
      return sign(claims, SITE_SECRET);
    });
    const head = `<script>
      window.Usher = [["identify", "${stale()}"]];
      Usher.push(["on", "identify", async () => Usher.identify(await freshIdentity())]);
    </script>`;
    await page.goto((await site({ head })).origin);
    const told: string[] = [];
    await page.exposeFunction("alerted", (text: string) => told.push(text));
    await visitor.open();
    await page.evaluate(() => {
      const root = (document.documentElement.lastElementChild as Element).shadowRoot as ShadowRoot;
      new MutationObserver(() => {
        const alert = root.querySelector("[role=alert]");
        if (alert !== null) (window as unknown as { alerted(text: string): void }).alerted(alert.textContent ?? "");
      }).observe(root, { childList: true, subtree: true });
    });
    const jane = await agent();
    await visitor.choose("Talk to someone");
    expect(asked).toBe(1);
    await jane.claim();
    await expect(visitor.speaker()).toHaveText("Jane");
    await visitor.write("Before");
    await expect(log.locator(".mine").last()).toContainText("Sent");

    // The next one has run out too by the time that the connection is lost.
    await page.evaluate((jwt) => {
      const { Usher } = window as unknown as { Usher: { identify(jwt: string): void } };
      Usher.identify(jwt);
    }, stale());
    await expect.poll(() => asked).toBe(2);
    await visitor.write("After");
    await expect(log.locator(".mine").last()).toContainText("Sent");
    expect(await jane.heardTexts()).toEqual(["Before", "After"]);
    expect(told).toEqual([]);
    const { conversations } = (await jane.ask({ type: "list", folder: "mine" })) as unknown as {
      conversations: { visitor: unknown }[];
    };
    expect(conversations[0]?.visitor).toMatchObject({ name: "Ada Lovelace", verified: true });
    expect(hub.origin).toContain("127.0.0.1");
  });
});

test("v6 until consent is given nothing is asked for, stored or shown", async ({ site, hub, visit }) => {
  const { origin } = await site({ tag: 'data-playbook="pb_demo" data-consent="wait"' });
  const visitor = await visit("about:blank");
  const { page } = visitor;
  const requests: string[] = [];
  page.on(
    "request",
    (request) => request.url().startsWith(hub.origin) && requests.push(new URL(request.url()).pathname),
  );
  await page.goto(origin);
  await page.waitForFunction(() => "Usher" in window);
  await page.evaluate(() => new Promise((idle) => requestIdleCallback(idle)));
  expect(requests).toEqual(["/widget.js"]);
  await expect(visitor.launcher).toHaveCount(0);
  expect(await page.evaluate(() => localStorage.length + document.cookie.length)).toBe(0);
  await page.evaluate(() => (window as unknown as { Usher: { push(call: string[]): void } }).Usher.push(["start"]));
  await expect(visitor.launcher).toBeVisible();
  expect(requests).toEqual(["/widget.js", "/v1/widget/pb_demo"]);
});

test("v6 the package is a widget without a tag and without a global, and the client beside it", async ({
  hub,
  site,
  visit,
  agent,
}) => {
  // It may have to be built first.
  test.slow();
  const web = resolve(__dirname, "../../web");
  const made = newest(resolve(web, "npm"));
  // Types and all: the build checks an example against them.
  if (!(made > Math.max(newest(resolve(web, "widget/src")), newest(resolve(web, "client/src"))))) {
    execFileSync("npm", ["run", "build:package", "--silent"], { cwd: web });
  }
  const { exports } = JSON.parse(readFileSync(resolve(web, "npm/package.json"), "utf8")) as {
    exports: Record<string, { types: string; default: string }>;
  };
  expect(Object.keys(exports)).toEqual([".", "./client"]);
  for (const { types, default: code } of Object.values(exports)) {
    expect(readFileSync(resolve(web, "npm", types), "utf8")).toContain("export");
    expect(readFileSync(resolve(web, "npm", code), "utf8")).toContain("export");
  }
  const head = `<script type="module">
    import { createWidget } from "/npm/widget.js";
    window.chat = createWidget({ hub: "${hub.origin}", playbook: "pb_demo", locale: "de" });
  </script>`;
  const { origin } = await site({ head, files: resolve(web, "npm") });
  const jane = await agent();
  const visitor = await visit(origin);
  const { page } = visitor;
  await page.getByRole("button", { name: "Chat öffnen" }).click();
  await page.getByRole("button", { name: "Talk to someone" }).click();
  await jane.claim();
  await expect(visitor.log).toContainText("Jane ist beigetreten");
  expect(await page.evaluate(() => "Usher" in window)).toBe(false);

  // The same conversation, by a program of the site's own.
  const heard = await page.evaluate(async (hub) => {
    const path = "/npm/client.js";
    const { VisitorClient, memoryStore } = await import(path);
    const token = localStorage.getItem(`usher:${new URL(hub).host}:token`);
    const tokens = { get: () => token, set: () => undefined };
    const url = `${hub.replace("http", "ws")}/v1/visitor`;
    const client = new VisitorClient({ url, playbook: "pb_demo", tokens, outbox: memoryStore() });
    client.connect();
    return new Promise((told) =>
      client.state.subscribe(({ conversation }: { conversation: { assignee: { name: string } } | null }) => {
        if (conversation !== null) told(conversation.assignee.name);
      }),
    );
  }, hub.origin);
  expect(heard).toBe("Jane");
});
