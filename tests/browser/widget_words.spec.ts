import { expect, test } from "./fixtures";
import { demoPlaybook } from "./playbook";

test.describe("with an Arabic playbook", () => {
  test.use({ playbook: { ...demoPlaybook(60_000), locale: "ar" } });

  test("v7 the playbook's language is the widget's, right to left where it is written so, in one file", async ({
    site,
    visit,
    agent,
  }) => {
    const jane = await agent();
    const visitor = await visit("about:blank");
    const { page } = visitor;
    const files: string[] = [];
    page.on("request", (request) => request.url().includes("/assets/") && files.push(request.url()));
    await page.goto((await site()).origin);
    const open = page.getByRole("button", { name: "فتح المحادثة" });
    await expect(open).toBeVisible();
    expect((await open.boundingBox())?.x).toBe(20);
    await open.click();
    const log = page.getByRole("log", { name: "الرسائل" });
    await expect(log).toHaveCSS("direction", "rtl");
    await page.getByRole("button", { name: "Talk to someone" }).click();
    await expect(page.getByText("أنت التالي.")).toBeVisible();
    await jane.claim();
    await expect(log).toContainText("انضم Jane");
    await page.getByRole("textbox", { name: "رسالة" }).fill("مرحبًا");
    await page.getByRole("button", { name: "إرسال" }).click();
    await expect(log.locator(".mine").last()).toContainText("أُرسلت");
    const [mine, panel] = [await log.locator(".mine .bubble").last().boundingBox(), await log.boundingBox()];
    expect((mine?.x ?? 0) - (panel?.x ?? 0)).toBeLessThan(30);
    expect(files.map((file) => file.replace(/.*chat-[\w-]+\./, ""))).toEqual(["ar.js"]);
  });
});

test("v7 every language has its button, its window and its words, and a page may choose", async ({ site, visit }) => {
  const buttons = {
    nl: "Chat openen",
    de: "Chat öffnen",
    fr: "Ouvrir le chat",
    es: "Abrir el chat",
    "pt-BR": "Abrir o chat",
    pl: "Otwórz czat",
  };
  const messages = ["Bericht", "Nachricht", "Message", "Mensaje", "Mensagem", "Wiadomość"];
  const visitor = await visit("about:blank");
  const { page } = visitor;
  for (const [at, [locale, button]] of Object.entries(buttons).entries()) {
    await page.goto((await site({ tag: `data-playbook="pb_demo" data-locale="${locale}"` })).origin);
    await page.getByRole("button", { name: button }).click();
    await expect(page.getByRole("textbox", { name: messages[at], exact: true })).toBeVisible();
    await expect(visitor.log.locator("xpath=ancestor::*[@lang]").first()).toHaveAttribute("lang", locale.slice(0, 2));
  }
  await page.goto((await site({ tag: 'data-playbook="pb_demo" data-locale="sv"' })).origin);
  await expect(page.getByRole("button", { name: "Open chat" })).toBeVisible();
});
