import { readdirSync, readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
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

/** Each language with the country of a visitor, and what the widget says first. */
const LANGUAGES = [
  { language: "en", country: "en-US", button: "Open chat", message: "Message", log: "Conversation" },
  { language: "nl", country: "nl-BE", button: "Chat openen", message: "Bericht", log: "Gesprek" },
  { language: "de", country: "de-CH", button: "Chat öffnen", message: "Nachricht", log: "Unterhaltung" },
  { language: "fr", country: "fr-CA", button: "Ouvrir le chat", message: "Message", log: "Conversation" },
  { language: "es", country: "es-MX", button: "Abrir el chat", message: "Mensaje", log: "Conversación" },
  { language: "pt", country: "pt-BR", button: "Abrir o chat", message: "Mensagem", log: "Conversa" },
  { language: "pl", country: "pl-PL", button: "Otwórz czat", message: "Wiadomość", log: "Rozmowa" },
  { language: "ar", country: "ar-EG", button: "فتح المحادثة", message: "رسالة", log: "الرسائل" },
];

/** What the build takes the language's words from. */
function wordsOf(language: string): Record<string, string> {
  return JSON.parse(readFileSync(resolve(__dirname, `../../web/widget/src/words/${language}.json`), "utf8"));
}

test.describe("with a long wait", () => {
  test.use({ waitMs: 600_000 });

  test("v7 every language has its words, its country's dates and numbers, and room for them on a small screen", async ({
    agent,
    site,
    visit,
  }) => {
    // Eight visitors one after the other.
    test.slow();
    const jane = await agent();
    for (const [at, { language, country, button, message, log }] of LANGUAGES.entries()) {
      const words = wordsOf(language);
      const visitor = await visit("about:blank", { locale: country, viewport: { width: 320, height: 700 } });
      const { page } = visitor;
      // Two days later by this machine's clock: the day of what was said is told then.
      await page.clock.install({ time: Date.now() + 2 * 86_400_000 });
      await page.goto((await site({ tag: `data-playbook="pb_demo" data-locale="${country}"` })).origin);
      await page.getByRole("button", { name: button }).click();
      await expect(page.getByRole("button", { name: words.close, exact: true })).toBeVisible();
      await visitor.choose("Talk to someone");
      await expect(page.getByRole("textbox", { name: message, exact: true })).toBeVisible();
      await expect(page.getByRole("log", { name: log })).toBeVisible();
      const direction = language === "ar" ? "rtl" : "ltr";
      await expect(visitor.log).toHaveCSS("direction", direction);
      // Said at the element that all of it stands in.
      await expect(page.locator("html > div")).toHaveAttribute("lang", language);

      // By the browser's own Intl, in the visitor's country.
      const written = await page.evaluate((country) => {
        const said = new Date(Date.now() - 2 * 86_400_000);
        const number = (value: number, digits: number) =>
          value.toLocaleString(country, { minimumIntegerDigits: digits });
        const before = new Date(said.getTime() - 60_000);
        return {
          days: [said, before].map((day) =>
            day.toLocaleDateString(country, { weekday: "long", day: "numeric", month: "long" }),
          ),
          times: [said, before].map((time) => time.toLocaleTimeString(country, { timeStyle: "short" })),
          digits: Array.from({ length: 10 }, (_, digit) => number(digit, 1)).join(""),
        };
      }, country);
      await expect(visitor.log.locator("p.soft.row").first()).toHaveText(new RegExp(written.days.join("|")));
      await expect(visitor.log.locator(".fate").last()).toHaveText(new RegExp(written.times.join("|")));
      await expect(page.getByRole("timer")).toHaveText(
        new RegExp(`^([${written.digits}]{1,2}):[${written.digits}]{2}$`),
      );
      const place = [...String(at + 1)].map((digit) => written.digits[Number(digit)]).join("");
      await expect(
        page.getByText(at === 0 ? (words.next ?? "") : (words.place ?? "").replace("{}", place)),
      ).toBeVisible();

      for (const part of [page.getByRole("dialog"), visitor.log]) {
        expect(await part.evaluate((box) => box.scrollWidth - box.clientWidth), language).toBeLessThanOrEqual(0);
      }
    }
    expect(LANGUAGES.map(({ language }) => language).sort()).toEqual(
      readdirSync(resolve(__dirname, "../../web/widget/src/words"))
        .flatMap((file) => (file === "labels.json" ? [] : [basename(file, ".json")]))
        .sort(),
    );
    await jane.claim();
  });
});

test("v7 the page chooses before the playbook does, and a language without words is English", async ({
  site,
  visit,
}) => {
  const { page } = await visit("about:blank");
  await page.goto((await site({ tag: 'data-playbook="pb_demo" data-locale="pt-BR"', lang: "de" })).origin);
  await expect(page.getByRole("button", { name: "Abrir o chat" })).toBeVisible();
  await page.goto((await site({ tag: 'data-playbook="pb_demo" data-locale="sv"', lang: "fi" })).origin);
  await expect(page.getByRole("button", { name: "Open chat" })).toBeVisible();
});
