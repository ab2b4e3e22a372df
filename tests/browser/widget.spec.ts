import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures";
import type { Hub } from "./hub";
import { openShadows } from "./visitor_page";

/** Another site that embeds the widget under the strictest policy it can live with. */
async function site(hub: Hub, playbook: string): Promise<{ origin: string; server: Server }> {
  const policy = [
    "default-src 'none'",
    `script-src ${hub.origin}`,
    `connect-src ${hub.origin} ${hub.origin.replace("http", "ws")}`,
    "require-trusted-types-for 'script'",
  ];
  const server = createServer((_request, response) => {
    response.setHeader("content-type", "text/html");
    response.setHeader("content-security-policy", policy.join("; "));
    response.end(`<!doctype html><title>Shop</title><input aria-label="Search" autofocus>
      <script async src="${hub.origin}/widget.js" data-playbook="${playbook}"></script>`);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { origin: `http://127.0.0.1:${address.port}`, server };
}

function kept(page: Page): Promise<number> {
  return page.evaluate(() => localStorage.length + sessionStorage.length + document.cookie.length);
}

test("s6 on another site's page the widget lives under a strict policy and keeps nothing before the first press", async ({
  hub,
  context,
}) => {
  const { origin, server } = await site(hub, "pb_demo");
  await openShadows(context);
  const page = await context.newPage();
  const faults: string[] = [];
  const sockets: string[] = [];
  page.on("console", (line) => line.type() === "error" && faults.push(line.text()));
  page.on("pageerror", (fault) => faults.push(fault.message));
  page.on("websocket", (socket) => sockets.push(socket.url()));
  await page.goto(origin);
  const button = page.getByRole("button", { name: "Open chat" });
  await expect(button).toBeVisible();
  expect(await kept(page)).toBe(0);
  expect(sockets).toEqual([]);

  await button.click();
  await page.getByRole("button", { name: "Just looking" }).click();
  await expect(page.getByRole("log", { name: "Conversation" })).toContainText("Enjoy your visit.");
  expect(faults).toEqual([]);
  expect(sockets).toHaveLength(1);

  // The answered button is gone, and the keyboard is still here.
  await page.keyboard.press("Escape");
  await expect(button).toBeFocused();
  server.close();
});

test("b an unknown playbook shows no button", async ({ hub, context }) => {
  const { origin, server } = await site(hub, "pb_of_nobody");
  await openShadows(context);
  const page = await context.newPage();
  const asked = page.waitForResponse((response) => response.url().includes("/v1/widget/"));
  await page.goto(origin);
  expect((await asked).status()).toBe(404);
  await expect(page.getByRole("button")).toHaveCount(0);
  server.close();
});

test("r1 a capture is judged in the hub's words and the visitor ends the chat and rates it", async ({ visit }) => {
  const visitor = await visit();
  await visitor.askForSomebody();
  const box = visitor.page.getByRole("textbox", { name: "Where can we write to you?" });
  await visitor.answer("Where can we write to you?", "nowhere");
  await expect(visitor.page.getByRole("alert")).toContainText("e-mail");
  await expect(box).toHaveValue("nowhere");
  await expect(box).toHaveAccessibleDescription(/e-mail/);

  await visitor.menu.click();
  await visitor.page.getByText("End chat").click();
  await visitor.page.getByRole("button", { name: "End it for good" }).click();
  await expect(visitor.log).toContainText("This chat has ended.");
  await visitor.page.getByRole("radio", { name: "4 of 5" }).check();
  await visitor.page.getByRole("button", { name: "Send", exact: true }).click();
  await expect(visitor.page.getByText("Thank you for your rating.")).toBeVisible();
  await visitor.page.getByRole("button", { name: "Start a new chat" }).click();
  await expect(visitor.page.getByRole("button", { name: "Talk to someone" })).toBeVisible();
});

test("l4 a button from before a deploy opens the chat of the hub that came after it", async ({ hub, context }) => {
  await openShadows(context);
  const page = await context.newPage();
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
