import { expect, test } from "./fixtures";

test("p1 a refused token is explained on the sign-in page, and a good one signs in", async ({ hub, page }) => {
  await page.goto(`${hub.origin}/`);
  await expect(page.getByRole("heading", { name: "Usher" })).toBeVisible();
  await page.getByLabel("Token or sign-in link").fill("not.a.token");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toContainText("expired or is not valid");
  await page.getByLabel("Token or sign-in link").fill(hub.agent.link);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("switch", { name: "Online" })).toBeVisible();
  await page.reload();
  await expect(page.getByRole("switch", { name: "Online" })).toBeVisible();
  expect(page.url()).toBe(`${hub.origin}/`);
});

test("p1 a sign-in that expires is explained, and a new token goes on where the old one ended", async ({
  hub,
  signIn,
  visit,
}) => {
  const eve = await signIn(hub.issue("eve", "Eve", "40s"));
  await eve.goOnline();
  const visitor = await visit();
  await visitor.askForSomebody();
  await eve.openOnly("Unassigned");
  await eve.claim();
  await eve.message.fill("Half a sentence");

  await expect(eve.page.getByRole("alert")).toContainText("Your sign-in has ended", { timeout: 90_000 });
  expect(await eve.everythingHere()).not.toMatch(/token.{0,3}:|Talk to someone/);
  await eve.page.getByLabel("Token or sign-in link").fill(hub.issue("eve", "Eve", "1h").link);
  await eve.page.getByRole("button", { name: "Sign in" }).click();
  await expect(eve.message).toHaveValue("Half a sentence");
  await expect(eve.page.getByText("Connected")).toBeVisible();
  await eve.page.getByRole("button", { name: "Send", exact: true }).click();
  await expect(visitor.log).toContainText("Half a sentence");

  await eve.page.getByRole("button", { name: "Settings" }).click();
  await eve.page.getByRole("button", { name: "Sign out" }).click();
  await expect(eve.page.getByLabel("Token or sign-in link")).toBeVisible();
  await eve.page.reload();
  await expect(eve.page.getByLabel("Token or sign-in link")).toBeVisible();
});

test("p1 a token in the query is none, and one in the fragment is kept in the tab and nowhere else", async ({
  hub,
  page,
}) => {
  const token = hub.agent.link.split("#token=")[1] ?? "";
  const requests: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(`${hub.origin}/?token=${token}`);
  await expect(page.getByLabel("Token or sign-in link")).toBeVisible();
  requests.length = 0;
  await page.goto(hub.agent.link);
  await expect(page.getByRole("switch", { name: "Online" })).toBeVisible();
  expect(page.url()).toBe(`${hub.origin}/`);
  expect(requests.filter((url) => url.includes(token) && !url.includes("#"))).toEqual([]);
  const kept = await page.evaluate(() => ({
    tab: JSON.stringify(sessionStorage),
    browser: JSON.stringify(localStorage),
    cookies: document.cookie,
    history: JSON.stringify(history.state),
  }));
  expect(kept.tab).toContain(token);
  expect([kept.browser, kept.cookies, kept.history].join()).not.toContain(token);
  expect(await page.context().cookies()).toEqual([]);
  // Another tab of the same browser has to sign in for itself.
  const second = await page.context().newPage();
  await second.goto(`${hub.origin}/`);
  await expect(second.getByLabel("Token or sign-in link")).toBeVisible();
});
