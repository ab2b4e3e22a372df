import { expect, test } from "./fixtures";
import { demoPlaybook } from "./playbook";

const SHORTCUTS = `<input id="search"><div id="modal" tabindex="-1"></div><script>
  window.seen = [];
  for (const name of ["keydown", "keypress", "keyup", "beforeinput", "input", "paste", "focusin", "focusout"])
    document.addEventListener(name, (event) => {
      if (!/^(INPUT|TEXTAREA)$/.test(event.target.tagName)) seen.push(name);
    });
  document.addEventListener("keydown", (event) => {
    if (/^(INPUT|TEXTAREA)$/.test(event.target.tagName)) return;
    if (event.key === "/" || event.key === "s") {
      event.preventDefault();
      document.getElementById("search").focus();
    }
  });
  document.addEventListener("focusin", ({ target }) => {
    if (target.tagName === "DIV" && target.id !== "modal") document.getElementById("modal").focus();
  });
</script>`;

test("v1 a page's shortcuts and a page that holds the keyboard take nothing from what is written", async ({
  site,
  visit,
}) => {
  const visitor = await visit((await site({ body: SHORTCUTS })).origin);
  const { page, message, log } = visitor;
  await visitor.open();
  await expect(page.getByRole("button", { name: "Just looking" })).toBeEnabled();
  await message.click();
  // Until the chat has come, the button is an element of the page as any other.
  await page.evaluate(() => Object.assign(window, { seen: [] }));
  await page.keyboard.type("yes/please, s");
  await expect(message).toHaveValue("yes/please, s");
  await page.keyboard.press("Escape");
  await expect(log).toBeHidden();
  expect(await page.evaluate(() => (window as unknown as { seen: string[] }).seen)).toEqual([]);
  // The page's own keyboard is the page's.
  await page.mouse.click(400, 400);
  await page.keyboard.press("s");
  await expect(page.locator("#search")).toBeFocused();
});

/** Libraries of shortcuts, and of windows that hold the keyboard, listen in the capture phase. */
const CAPTURING = `<input id="search"><div id="modal" tabindex="-1"></div><script>
  window.seen = [];
  const stranger = ({ target }) => target.tagName === "DIV" && target.id !== "modal";
  for (const place of [document, document.documentElement])
    for (const name of ["keydown", "keypress", "keyup"])
      place.addEventListener(name, (event) => {
        if (!stranger(event)) return;
        seen.push(name);
        event.preventDefault();
        event.stopImmediatePropagation();
      }, true);
  document.addEventListener("focusin", (event) => stranger(event) && document.getElementById("modal").focus(), true);
</script>`;

test("v1 a page that listens in the capture phase takes no key and no keyboard from the widget either", async ({
  site,
  visit,
}) => {
  const visitor = await visit((await site({ body: CAPTURING })).origin);
  const { page, message, log, launcher, menu } = visitor;
  await launcher.focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Just looking" })).toBeEnabled();
  await message.click();
  await page.keyboard.type("yes/please");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("s");
  await expect(message).toHaveValue("yes/please\ns");
  // Enter sends, Tab goes on, Escape closes the menu and then the window: the widget's own keys are at work.
  await page.keyboard.press("Enter");
  await expect(log).toContainText("yes/please");
  await expect(message).toHaveValue("");
  await page.keyboard.press("Tab");
  await expect(page.getByRole("button", { name: "Send", exact: true })).toBeFocused();
  await menu.click();
  await page.keyboard.press("Escape");
  await expect(page.locator(".menu")).toBeHidden();
  await page.keyboard.press("Escape");
  await expect(log).toBeHidden();
  expect(await page.evaluate(() => (window as unknown as { seen: string[] }).seen)).toEqual([]);
  // A widget that is gone keeps nothing from the page.
  await page.evaluate(() => (window as unknown as { Usher: { shutdown(): void } }).Usher.shutdown());
  await page.locator("#search").focus();
  await page.keyboard.type("lamp");
  await expect(page.locator("#search")).toHaveValue("lamp");
});

for (const style of [
  "transform: translate(40px, 30px)",
  "will-change: transform",
  "contain: layout paint",
  "perspective: 9px",
]) {
  test(`v1 on a page whose html has ${style.split(":")[0]} the widget stays where it is on the screen`, async ({
    site,
    visit,
  }) => {
    const body =
      '<button style="position: fixed; left: 600px; top: 300px">Buy</button><div style="height: 4000px">Long</div>';
    // A page may darken what is behind its own dialogs.
    const head = (more: string) =>
      `<style>::backdrop { display: block !important; background: red !important; pointer-events: auto !important; } ${more}</style>`;
    const measure = async (more: string) => {
      const visitor = await visit((await site({ head: head(more), body })).origin, { reducedMotion: "reduce" });
      const { page } = visitor;
      await visitor.open();
      await expect(page.getByRole("button", { name: "Just looking" })).toBeEnabled();
      await page.evaluate(() => scrollTo(0, 900));
      const parts = [".launcher", ".panel", ".head", ".composer"];
      const boxes = await Promise.all(parts.map((part) => page.locator(part).boundingBox()));
      const shown = await page.evaluate(
        () => getComputedStyle(document.documentElement.lastElementChild as Element, "::backdrop").display,
      );
      // The page is as free as before.
      await page.getByRole("button", { name: "Buy" }).click({ timeout: 20_000 });
      return { boxes, shown };
    };
    const [plain, moved] = [await measure(""), await measure(`html { ${style}; }`)];
    expect(plain.shown).toBe("none");
    expect(plain.boxes[0]).toEqual({ x: 1204, y: 724, width: 56, height: 56 });
    expect(moved).toEqual(plain);
  });
}

/** What a page may say without naming the widget, and what reaches into shadow roots nevertheless. */
const REACHING = `<style>
  *::before, *::after { content: "X" !important; display: block !important; position: fixed !important;
    inset: 0 !important; background: red !important; }
  ${["accent", "on-accent", "paper", "ink", "raised", "line", "edge", "tint"]
    .map(
      (name) => `@property --${name} { syntax: "<color>"; inherits: false; initial-value: transparent; }
  * { --${name}: transparent !important; }`,
    )
    .join("\n")}
</style>`;

test("v1 what a page draws around everything, and properties that it registers, do not reach the widget", async ({
  site,
  visit,
}) => {
  const { origin } = await site({ head: REACHING });
  const visitor = await visit(origin, { reducedMotion: "reduce" });
  const { page, launcher } = visitor;
  await visitor.open();
  await visitor.choose("Just looking");
  const paper = (part: string) => page.locator(part).evaluate((one) => getComputedStyle(one).backgroundColor);
  expect(await launcher.evaluate((one) => getComputedStyle(one).backgroundColor)).toBe("rgb(59, 91, 219)");
  expect(await paper(".mine .bubble")).toBe("rgb(59, 91, 219)");
  expect(await paper(".panel")).toBe("rgb(255, 255, 255)");
  const drawn = await page.evaluate(() =>
    ["::before", "::after"].map(
      (pseudo) => getComputedStyle(document.documentElement.lastElementChild as Element, pseudo).display,
    ),
  );
  expect(drawn).toEqual(["none", "none"]);
});

test("v1 on a page that zooms itself the window stays on the screen", async ({ site, visit }) => {
  const { origin } = await site({ head: "<style>html { zoom: 2; }</style>" });
  const visitor = await visit(origin, { reducedMotion: "reduce" });
  await visitor.open();
  await expect(visitor.page.getByRole("button", { name: "Just looking" })).toBeEnabled();
  for (const part of [".panel", ".head", ".composer"]) {
    const box = await visitor.page.locator(part).evaluate((one) => {
      const { left, right, top, bottom } = one.getBoundingClientRect();
      return { left, right, top, bottom };
    });
    expect(box.top, part).toBeGreaterThanOrEqual(0);
    expect(box.left, part).toBeGreaterThanOrEqual(0);
    expect(box.bottom, part).toBeLessThanOrEqual(800);
    expect(box.right, part).toBeLessThanOrEqual(1280);
  }
});

test("v8 Escape closes the menu before the window, and neither while a word is composed", async ({ visit }) => {
  const visitor = await visit();
  const { page, log, message, menu } = visitor;
  await visitor.open();
  await expect(page.getByRole("button", { name: "Just looking" })).toBeEnabled();
  await message.focus();
  await message.evaluate((box) =>
    box.dispatchEvent(
      new KeyboardEvent("keydown", { key: "Escape", isComposing: true, bubbles: true, composed: true }),
    ),
  );
  await expect(log).toBeVisible();
  await menu.click();
  await page.getByText("End chat").click();
  await page.keyboard.press("Escape");
  await expect(page.locator(".menu")).toBeHidden();
  await expect(log).toBeVisible();
  await expect(menu).toBeFocused();
  await menu.click();
  await expect(page.locator(".menu")).toBeVisible();
  await message.click();
  await expect(page.locator(".menu")).toBeHidden();
  await page.keyboard.press("Escape");
  await expect(log).toBeHidden();
});

test("v6 a shutdown in one tab ends the others of the site, and nothing is stored after it", async ({
  agent,
  site,
  visit,
}) => {
  const jane = await agent();
  const visitor = await visit((await site()).origin);
  await visitor.askForSomebody();
  await jane.claim();
  await jane.say("A secret");
  const other = await visitor.anotherTab();
  await expect(other.log).toContainText("A secret");
  const ended = other.page.evaluate(
    () =>
      new Promise((done) => {
        const { Usher } = window as unknown as { Usher: { on(name: string, listener: () => void): void } };
        Usher.on("shutdown", () => done("shutdown"));
      }),
  );
  await visitor.page.evaluate(() => (window as unknown as { Usher: { shutdown(): void } }).Usher.shutdown());
  expect(await ended).toBe("shutdown");
  for (const { page, launcher } of [visitor, other]) {
    await expect(launcher).toHaveCount(0);
    await expect(page.getByRole("log")).toHaveCount(0);
  }
  await jane.say("Another");
  await other.page.bringToFront();
  await visitor.page.bringToFront();
  expect(await other.page.evaluate(() => ({ ...localStorage }))).toEqual({});
});

for (const colour of ["#ffffff", "#14161b"]) {
  for (const colorScheme of ["light", "dark"] as const) {
    test.describe(`in ${colour}`, () => {
      const demo = demoPlaybook(60_000);
      test.use({ playbook: { ...demo, appearance: { ...(demo.appearance as object), color: colour } } });

      test(`v2 buttons, one's own texts and stars have an edge one can see, ${colorScheme}`, async ({ visit }) => {
        const visitor = await visit(undefined, { colorScheme, reducedMotion: "reduce" });
        const { page, launcher } = visitor;
        await visitor.open();
        /** The best contrast that a part has with the paper: of its fill or of its edge. */
        const contrast = (part: string, paper: string) =>
          page
            .locator(part)
            .first()
            .evaluate((one, paper) => {
              const canvas = new OffscreenCanvas(1, 1).getContext("2d") as OffscreenCanvasRenderingContext2D;
              const luminance = (colour: string) => {
                canvas.fillStyle = paper;
                canvas.fillRect(0, 0, 1, 1);
                canvas.fillStyle = colour;
                canvas.fillRect(0, 0, 1, 1);
                const [red = 0, green = 0, blue = 0] = [...canvas.getImageData(0, 0, 1, 1).data].map((part) => {
                  const share = part / 255;
                  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
                });
                return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
              };
              const { backgroundColor, borderTopColor, borderTopWidth, webkitTextStrokeColor, color } =
                getComputedStyle(one);
              const star = one.className === "star";
              const edge = borderTopWidth === "0px" ? [] : [borderTopColor];
              const seen = star ? [color, webkitTextStrokeColor] : [backgroundColor, ...edge];
              return Math.max(
                ...seen.map((colour) => {
                  const [low = 0, high = 0] = [luminance(colour), luminance(paper)].sort((a, b) => a - b);
                  return (high + 0.05) / (low + 0.05);
                }),
              );
            }, paper);
        const paper = colorScheme === "dark" ? "#17191f" : "#fff";
        expect(await contrast(".send", paper)).toBeGreaterThanOrEqual(3);
        await visitor.choose("Just looking");
        await expect(page.locator(".star")).toHaveCount(5);
        expect(await contrast(".mine .bubble", paper)).toBeGreaterThanOrEqual(3);
        expect(await contrast(".star", paper)).toBeGreaterThanOrEqual(3);
        expect(await contrast(".primary", paper)).toBeGreaterThanOrEqual(3);
        for (const page of ["#fff", "#17191f"]) {
          await expect(launcher).toBeVisible();
          expect(await contrast(".launcher", page), page).toBeGreaterThanOrEqual(3);
        }
        // A chosen star is full, the others are hollow.
        await page.getByRole("radio", { name: "2 of 5" }).check();
        const full = await page.locator(".star").evaluateAll((all) => all.map((one) => getComputedStyle(one).color));
        expect(full.map((colour) => colour !== "rgba(0, 0, 0, 0)")).toEqual([true, true, false, false, false]);
      });
    });
  }
}
