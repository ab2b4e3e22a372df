import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "./fixtures";

test("p1 the widget works on a page of another origin, with the tag and the policy a site would have", async ({
  hub,
  context,
  signIn,
}) => {
  const policy = `default-src 'none'; script-src ${hub.origin}; connect-src ${hub.origin} ${hub.origin.replace("http", "ws")}`;
  const site = createServer((_request, response) => {
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.setHeader("content-security-policy", policy);
    response.end(`<!doctype html><title>Shop</title><p>Shop</p>
      <script async src="${hub.origin}/widget.js" data-playbook="pb_demo"></script>`);
  });
  await new Promise<void>((listens) => site.listen(0, "127.0.0.1", listens));
  try {
    const jane = await signIn(hub.agent);
    await jane.goOnline();
    await context.addInitScript(() => {
      const attach = Element.prototype.attachShadow;
      Element.prototype.attachShadow = function (init) {
        return attach.call(this, { ...init, mode: "open" });
      };
    });
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
    await page.getByRole("button", { name: "Open chat" }).click();
    await page.getByRole("button", { name: "Talk to someone", exact: true }).click();
    await expect(page.getByRole("log", { name: "Conversation" })).toContainText("One moment");
  } finally {
    site.close();
  }
});
