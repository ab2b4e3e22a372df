import { expect, test } from "./fixtures";
import { demoPlaybook } from "./playbook";

const { cards } = demoPlaybook(60_000);

test.describe("with every kind of card", () => {
  test.use({
    playbook: {
      ...demoPlaybook(60_000),
      cards: {
        hello: { kind: "message", text: "Hi!", next: "which" },
        which: {
          kind: "choice",
          text: "Which cabin?",
          options: [
            { id: "wren", label: "Wren", next: "name" },
            { id: "owl", label: "Owl", next: "end" },
          ],
        },
        name: { kind: "capture", field: "name", text: "Who are you?", required: true, next: "email" },
        email: { kind: "capture", field: "email", text: "Where can we write to you?", required: true, next: "phone" },
        phone: { kind: "capture", field: "phone", text: "May we call?", required: false, next: "organization" },
        organization: { kind: "capture", field: "organization", text: "Who sends you?", required: true, next: "wish" },
        wish: { kind: "capture", field: "text", text: "What else?", required: true, next: "end" },
        end: { kind: "qualify", text: "Thank you!", create: [{ kind: "lead" }] },
      },
    },
  });

  test("v2 every kind of card is answered with the keyboard alone, and judged in the visitor's own language", async ({
    site,
    visit,
    hub,
  }) => {
    const visitor = await visit((await site({ tag: 'data-playbook="pb_demo" data-locale="nl"' })).origin);
    const { page } = visitor;
    const press = (...keys: string[]) =>
      keys.reduce((done, key) => done.then(() => page.keyboard.press(key)), Promise.resolve());
    const focused = (name: string) => expect(page.getByRole("textbox", { name })).toBeFocused();
    await expect(visitor.launcher).toBeVisible();
    await press("Tab", "Enter");
    await expect(page.getByRole("button", { name: "Wren" })).toBeVisible();
    await expect(page.getByRole("dialog")).toBeFocused();
    // Past the header's two and the log, to the first choice.
    await press("Tab", "Tab", "Tab", "Tab");
    await expect(page.getByRole("button", { name: "Wren" })).toBeFocused();
    await press("Enter");

    // The answered button is gone; the keyboard is at the next question.
    await focused("Who are you?");
    await press("Enter");
    await expect(page.getByRole("alert")).toHaveText("Vul je naam in.");
    await page.keyboard.type("Ada");
    await expect(page.getByRole("alert")).toHaveCount(0);
    await press("Enter");

    await focused("Where can we write to you?");
    await page.keyboard.type("nowhere");
    await press("Enter");
    const email = page.getByRole("textbox", { name: "Where can we write to you?" });
    await expect(page.getByRole("alert")).toHaveText("Vul een geldig e-mailadres in.");
    await expect(email).toHaveAccessibleDescription("Vul een geldig e-mailadres in.");
    await expect(email).toHaveAttribute("aria-invalid", "true");
    await expect(email).toHaveValue("nowhere");
    await expect(email).toHaveAttribute("autocomplete", "email");
    await page.keyboard.type("@lake.example");
    await press("Enter");

    await focused("May we call?");
    // Past "Send", to "Skip".
    await press("Tab", "Tab", "Enter");
    await focused("Who sends you?");
    await page.keyboard.type("Engines Ltd");
    await press("Enter");
    await focused("What else?");
    await page.keyboard.type("One");
    await press("Shift+Enter");
    await page.keyboard.type("Two");
    await press("Enter");
    await expect(visitor.log).toContainText("Thank you!");
    await expect(visitor.log.getByText("One\nTwo")).toBeVisible();
    const answers = (await hub.rest("GET", "/v1/items")).json() as Promise<{ items: { kind: string }[] }>;
    expect((await answers).items.map(({ kind }) => kind)).toEqual(["lead"]);
  });
});

test("v2 a capture is answered with the pointer, and the visitor ends the chat, rates it and begins anew", async ({
  visit,
}) => {
  const visitor = await visit();
  const { page } = visitor;
  await visitor.askForSomebody();
  const box = page.getByRole("textbox", { name: "Where can we write to you?" });
  await box.fill("nowhere");
  await page.getByRole("button", { name: "Send" }).click();
  await expect(page.getByRole("alert")).toContainText("e-mail");
  await box.fill("ada@lake.example");
  await page.getByRole("button", { name: "Send" }).click();
  await expect(visitor.log).toContainText("Thank you!");

  await visitor.menu.click();
  await page.getByText("End chat").click();
  await page.getByRole("button", { name: "End it for good" }).click();
  await expect(visitor.log).toContainText("This chat has ended.");
  await expect(visitor.message).toBeHidden();
  await page.getByRole("radio", { name: "4 of 5" }).check();
  await page.getByRole("textbox", { name: "Anything to add?" }).fill("Nice lake");
  await page.getByRole("button", { name: "Send" }).click();
  await expect(page.getByText("Thank you for your rating.")).toBeVisible();
  await page.getByRole("button", { name: "Start a new chat" }).click();
  await expect(page.getByRole("button", { name: "Talk to someone" })).toBeVisible();
  await expect(visitor.log).not.toContainText("Nobody is free");
});

test.describe("that opens by itself", () => {
  test.use({ playbook: { ...demoPlaybook(60_000), open_after_ms: 30_000 } });

  test("v2 a playbook opens by itself after its time, takes no focus, and not again when it was closed", async ({
    site,
    visit,
  }) => {
    const visitor = await visit("about:blank");
    const { page } = visitor;
    await page.clock.install();
    const sockets: string[] = [];
    page.on("websocket", (socket) => sockets.push(socket.url()));
    await page.goto((await site({ body: '<input aria-label="Search" autofocus>' })).origin);
    await expect(visitor.launcher).toBeVisible();
    await page.clock.runFor(20_000);
    await expect(visitor.log).toHaveCount(0);
    expect([sockets.length, await page.evaluate(() => localStorage.length)]).toEqual([0, 0]);
    await page.clock.runFor(10_000);
    await expect(page.getByRole("button", { name: "Talk to someone" })).toBeVisible();
    await expect(page.getByRole("textbox", { name: "Search" })).toBeFocused();

    await page.getByRole("button", { name: "Close chat" }).click();
    await page.reload();
    await expect(visitor.launcher).toBeVisible();
    await page.clock.runFor(60_000);
    await expect(visitor.log).toBeHidden();
  });
});

const RICH = `**Bold**, *italic* and [a link](https://lake.example/map).

- one
- two

![The lake](https://pictures.example/lake.png)

<img src=x onerror="alert(1)"> [not](javascript:alert(1)) <b>this</b>`;

test.describe("with a rich text", () => {
  test.use({
    playbook: {
      ...demoPlaybook(60_000),
      appearance: { color: "#0a0", icon: "question", bot_name: "Owl", avatar: "https://pictures.example/owl.png" },
      cards: { ...cards, hello: { ...(cards.hello as object), text: RICH } },
    },
  });

  test("v2 rich text becomes nodes, images come by https without a referrer, and the rest stays text", async ({
    site,
    visit,
  }) => {
    const visitor = await visit("about:blank");
    const { page, log } = visitor;
    const referrers: (string | undefined)[] = [];
    await page.route("https://pictures.example/*", async (route) => {
      referrers.push((await route.request().allHeaders()).referer);
      await route.fulfill({
        contentType: "image/svg+xml",
        body: "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
      });
    });
    page.on("dialog", () => referrers.push("a script ran"));
    await page.goto((await site()).origin);
    await visitor.open();
    await expect(log.locator("b")).toHaveText("Bold");
    await expect(log.locator("i")).toHaveText("italic");
    await expect(log.getByRole("listitem")).toHaveText(["one", "two"]);
    const link = log.getByRole("link");
    await expect(link).toHaveCount(1);
    await expect(link).toHaveAttribute("href", "https://lake.example/map");
    await expect(link).toHaveAttribute("rel", /noreferrer/);
    await expect(link).toHaveAttribute("target", "_blank");
    await expect(log.getByRole("img", { name: "The lake" })).toHaveJSProperty("complete", true);
    await expect(log).toContainText('<img src=x onerror="alert(1)">');
    await expect(log).toContainText("<b>this</b>");

    await expect(visitor.speaker()).toHaveText("Owl");
    await expect(page.locator(".head img")).toHaveAttribute("src", "https://pictures.example/owl.png");
    await expect(page.locator(".launcher")).toHaveCSS("background-color", "rgb(0, 170, 0)");
    expect(referrers).toEqual([undefined, undefined]);
  });
});

test("v2 letters can be read whatever the playbook's colour, by day and by night", async ({ hub, visit }) => {
  const visitor = await visit("about:blank");
  const { page } = visitor;
  let color = "";
  let seen = 0;
  await page.route("**/v1/widget/**", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: (await response.text()).replace("#3b5bdb", color) });
  });
  /** The contrast of letters on their paper, by what the browser makes of the colours. */
  const contrast = (selector: string, paper: string) =>
    page
      .locator(selector)
      .first()
      .evaluate((element, paper) => {
        const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
        if (canvas === null) throw new Error("no canvas");
        const luminance = (colour: string) => {
          canvas.fillStyle = colour;
          canvas.fillRect(0, 0, 1, 1);
          const [red = 0, green = 0, blue = 0] = [...canvas.getImageData(0, 0, 1, 1).data].map((part) =>
            part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4,
          );
          return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
        };
        const ground = paper === "" ? element : element.closest(paper);
        if (ground === null) throw new Error("no paper");
        const [dark = 0, light = 0] = [
          luminance(getComputedStyle(element).color),
          luminance(getComputedStyle(ground).backgroundColor),
        ].sort((a, b) => a - b);
        return (light + 0.05) / (dark + 0.05);
      }, paper);
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    for (color of ["#ffff00", "#00ff00", "#ffffff", "#000000", "#0000ff", "#777777"]) {
      await page.goto(`${hub.origin}/demo`);
      // Once opened it is open on the next page too.
      if (seen === 0) await visitor.launcher.click();
      seen += 1;
      await expect(page.getByRole("button", { name: "Just looking" })).toBeEnabled();
      const found = [
        await contrast(".launcher", ""),
        await contrast(".send", ""),
        await contrast(".choices button", ".panel"),
      ];
      for (const one of found) expect(one, `${color} ${colorScheme} ${found}`).toBeGreaterThanOrEqual(4.5);
    }
  }
});

test("v2 the agent's name and picture come with them, and the bot's are back after them", async ({
  hub,
  agent,
  visit,
}) => {
  const avatar = "https://pictures.example/jane.png";
  const jane = await agent(hub.introduce("jane-1", "Jane", { avatar }));
  const bob = await agent(hub.introduce("bob-1", "Bob"));
  const visitor = await visit();
  const face = visitor.page.locator(".head img");
  await visitor.askForSomebody();
  await expect(visitor.speaker()).toHaveText("Lantern");
  await jane.claim();
  await expect(visitor.log).toContainText("Jane joined");
  await expect(visitor.speaker()).toHaveText("Jane");
  await expect(face).toHaveAttribute("src", avatar);
  await expect(visitor.log.locator("img")).toHaveAttribute("src", avatar);
  await jane.handOver(null);
  await expect(visitor.log).toContainText("Jane left the chat");
  await expect(visitor.speaker()).toHaveText("Lantern");
  await expect(face).toHaveCount(0);
  await bob.claim("unassigned");
  await expect(visitor.speaker()).toHaveText("Bob");
});
