import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { BrowserContextOptions } from "@playwright/test";
import { expect, test } from "./fixtures";
import { demoPlaybook } from "./playbook";
import type { VisitorPage } from "./visitor_page";

const FOLDER = resolve(__dirname, "../../test-results/screenshots");
const FACE = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 80"><rect width="80" height="80" fill="#e9c9a0"/>
<circle cx="40" cy="33" r="17" fill="#8a5a3b"/><path d="M8 80a32 30 0 0 1 64 0z" fill="#2f6f5e"/></svg>`;
const LAKE = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 480 240" width="480" height="240">
<rect width="480" height="240" fill="#f3c98b"/><path d="M0 130l90-70 80 60 70-80 110 90 130-60v180H0z" fill="#4d7a68"/>
<rect y="160" width="480" height="80" fill="#2d5563"/></svg>`;

const playbook = {
  ...demoPlaybook(60_000),
  typing_preview: true,
  appearance: { color: "#2f6f5e", icon: "chat", bot_name: "Lantern", avatar: null },
  cards: {
    ...demoPlaybook(60_000).cards,
    hello: {
      kind: "choice",
      text: "Hi! Welcome to **Larch & Lantern**. What brings you here?",
      options: [
        { id: "talk", label: "Talk to someone", next: "live" },
        { id: "cabins", label: "Show me the cabins", next: "cabins" },
        { id: "look", label: "Just looking", next: "bye" },
      ],
    },
    cabins: {
      kind: "message",
      text: "![The lake](https://pictures.example/lake.svg)\n\nThree are still free in June:\n\n- **Wren**, for two\n- **Heron**, for four, *at the water*\n- [All of them](https://larch.example/cabins)",
      next: "more",
    },
    more: {
      kind: "choice",
      text: "Shall we talk about one of them?",
      options: [{ id: "yes", label: "Yes, please", next: "live" }],
    },
  },
};

const arabic = {
  ...playbook,
  locale: "ar",
  cards: {
    ...playbook.cards,
    hello: {
      kind: "choice",
      text: "مرحبًا بك في **لارش ولانترن**! كيف يمكننا مساعدتك؟",
      options: [
        { id: "talk", label: "تحدث مع شخص", next: "live" },
        { id: "cabins", label: "أرني الأكواخ", next: "cabins" },
        { id: "look", label: "أتصفح فقط", next: "bye" },
      ],
    },
    cabins: {
      kind: "message",
      text: "![البحيرة](https://pictures.example/lake.svg)\n\nثلاثة أكواخ متاحة في يونيو:\n\n- **رين** لشخصين\n- **هيرون** لأربعة",
      next: "more",
    },
    more: {
      kind: "choice",
      text: "هل نتحدث عن أحدها؟",
      options: [{ id: "yes", label: "نعم من فضلك", next: "live" }],
    },
    live: {
      kind: "live_chat",
      online_message: "**لحظة واحدة**، نبحث عن شخص لك.",
      wait_ms: 60_000,
      offline_message: "لا أحد متاح الآن.",
      offline: "email",
    },
    email: { kind: "capture", field: "email", text: "إلى أين نكتب لك؟", required: true, next: "done" },
  },
};

const SAID = {
  en: [
    "Hello! Is the Heron free over midsummer?",
    "It is, from the 19th to the 25th.",
    "Shall I keep it for you? https://larch.example/heron",
    "Yes please! We are four, and a very polite dog.",
  ],
  ar: [
    "مرحبًا! هل كوخ هيرون متاح في منتصف الصيف؟",
    "نعم، من 19 إلى 25.",
    "هل أحجزه لك؟ https://larch.example/heron",
    "نعم من فضلك! نحن أربعة ومعنا كلب مهذب جدًا.",
  ],
};

const VARIANTS: [name: string, options: BrowserContextOptions, language: "en" | "ar"][] = [
  ["light", {}, "en"],
  ["dark", { colorScheme: "dark" }, "en"],
  ["narrow", { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }, "en"],
  ["rtl", {}, "ar"],
];

for (const [variant, options, language] of VARIANTS) {
  test.describe(variant, () => {
    test.use({ playbook: language === "ar" ? arabic : playbook });

    test(`v8 every state of the widget, ${variant}`, async ({ hub, agent, visit }) => {
      const cards = (language === "ar" ? arabic : playbook).cards;
      const label = (card: "hello" | "more", at: number) => cards[card].options[at]?.label ?? "";
      const [hello, free, keep, polite] = SAID[language];
      const arrive = async (): Promise<VisitorPage> => {
        // A picture of a moment, not of a movement.
        const visitor = await visit(undefined, { reducedMotion: "reduce", ...options });
        await visitor.page.route("https://pictures.example/*", (route) =>
          route.fulfill({ contentType: "image/svg+xml", body: route.request().url().includes("lake") ? LAKE : FACE }),
        );
        return visitor;
      };
      /** What stands between a visitor and the hub: it may refuse the next text, or say stop. */
      const between = async ({ page }: VisitorPage) => {
        const gate = { refuse: false, stop: (_code: number): unknown => undefined };
        await page.routeWebSocket(/\/v1\/visitor/, (socket) => {
          const server = socket.connectToServer();
          gate.stop = (code) => socket.close({ code });
          socket.onMessage((text) => {
            const { type, id } = JSON.parse(String(text));
            if (!gate.refuse || type !== "send") return server.send(text);
            gate.refuse = false;
            socket.send(JSON.stringify({ type: "reply", id, ok: false, error: { code: "forbidden", message: "no" } }));
          });
        });
        return gate;
      };
      const shoot = async ({ page }: VisitorPage, name: string): Promise<void> => {
        const clip =
          variant === "narrow" ? undefined : { x: variant === "rtl" ? 0 : 800, y: 60, width: 480, height: 740 };
        await page.screenshot({ path: `${FOLDER}/${name}-${variant}.png`, ...(clip && { clip }) });
      };

      const alone = await arrive();
      await expect(alone.launcher).toBeVisible();
      await shoot(alone, "01-launcher");
      await alone.open();
      await expect(alone.page.getByRole("button", { name: label("hello", 0) })).toBeVisible();
      await shoot(alone, "02-choice");
      await alone.choose(label("hello", 0));
      await expect(alone.capture).toBeVisible();
      await alone.capture.fill("ada@");
      await alone.capture.press("Enter");
      await expect(alone.page.getByRole("alert")).toBeVisible();
      await shoot(alone, "03-capture-refused");
      await alone.menu.click();
      await alone.page.locator(".menu summary").click();
      await shoot(alone, "04-menu");

      const jane = await agent();
      const visitor = await arrive();
      const gate = await between(visitor);
      await visitor.open();
      await visitor.choose(label("hello", 1));
      await expect(visitor.page.getByRole("button", { name: label("more", 0) })).toBeVisible();
      await expect(visitor.log.getByRole("img")).toHaveJSProperty("complete", true);
      await shoot(visitor, "05-rich");
      await visitor.choose(label("more", 0));
      await expect(visitor.page.getByRole("timer")).toBeVisible();
      await shoot(visitor, "06-waiting");
      await jane.claim();
      await expect(visitor.speaker()).toHaveText(jane.name);
      await visitor.send(hello);
      await expect.poll(() => jane.heardTexts()).toContain(hello);
      await jane.say(free);
      await jane.say(keep);
      await visitor.send(polite);
      const fate = visitor.log.locator(".fate").last();
      await expect(fate).toContainText(language === "ar" ? "أُرسلت" : "Sent");
      await jane.typing(true);
      await jane.read(1_000);
      await expect(fate).toContainText(language === "ar" ? "شوهدت" : "Seen");
      await expect(visitor.page.locator(".typing")).not.toBeEmpty();
      await shoot(visitor, "07-talking");

      await visitor.message.fill("x".repeat(17_000));
      await shoot(visitor, "08-too-long");
      await visitor.message.fill("");
      gate.refuse = true;
      await visitor.send(hello);
      await expect(visitor.log.locator(".bad")).toBeVisible();
      await shoot(visitor, "13-not-sent");
      await visitor.log.locator(".bad button").last().click();
      await visitor.message.press("Escape");
      await jane.say(free);
      await expect(visitor.page.locator(".badge")).toBeVisible();
      await shoot(visitor, "09-unread");
      await visitor.launcher.click();
      const late = await arrive();
      await expect(late.launcher).toBeVisible();
      await hub.kill();
      await late.launcher.click();
      await expect(late.page.locator(".note")).not.toBeEmpty();
      await shoot(late, "16-unreached");
      await late.page.close();
      await visitor.message.fill(hello);
      await visitor.message.press("Enter");
      await expect(visitor.page.locator(".notice")).toBeVisible();
      await shoot(visitor, "10-reconnecting");
      await hub.start();
      const again = await agent();
      again.conversation = jane.conversation;
      await expect(visitor.page.locator(".notice")).toBeHidden({ timeout: 40_000 });
      await again.close();
      await expect(visitor.page.locator(".closed")).toBeVisible();
      await shoot(visitor, "11-closed");
      await visitor.page.getByRole("radio").nth(3).check();
      await shoot(visitor, "12-rating");
      await visitor.page.locator(".rating > button").click();
      await expect(visitor.page.locator(".rating")).toHaveCount(0);
      await shoot(visitor, "14-rated");
      gate.stop(4505);
      await expect(visitor.page.getByRole("alert")).toBeVisible();
      await shoot(visitor, "15-stopped");
    });
  });
}

test("v8 the picture for the README", async ({ page }) => {
  const pictures = ["07-talking-light", "06-waiting-dark", "07-talking-rtl"].map((name) =>
    readFileSync(`${FOLDER}/${name}.png`).toString("base64"),
  );
  await page.setViewportSize({ width: 1_212, height: 620 });
  await page.setContent(
    `<style>
      body { display: flex; gap: 18px; margin: 17px; background: #fff; }
      img { width: 380px; height: 586px; object-fit: cover; object-position: 100% 0; border-radius: 14px; }
      img:last-child { object-position: 0 0; }
    </style>
    ${pictures.map((picture) => `<img src="data:image/png;base64,${picture}">`).join("")}`,
  );
  await page.screenshot({ path: `${FOLDER}/picture-widget.png` });
});
