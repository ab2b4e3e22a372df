import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures";

/** Of every text and verdict that the page sends from now on, what it says. */
function said(page: Page): unknown[] {
  const all: unknown[] = [];
  page.on("websocket", (socket) =>
    socket.on("framesent", ({ payload }) => {
      const { type, text, value, score } = JSON.parse(String(payload));
      if (["send", "answer", "rate"].includes(type)) all.push(text ?? value ?? score);
    }),
  );
  return all;
}

test("v3 what is typed while the chat ends is no verdict: the rating takes no keyboard, and only its button gives it", async ({
  agent,
  visit,
}) => {
  const jane = await agent();
  const visitor = await visit();
  const { page, message, log } = visitor;
  const sent = said(page);
  await visitor.askForSomebody();
  await jane.claim();
  await expect(visitor.speaker()).toHaveText(jane.name);
  await message.pressSequentially("One more que");
  await jane.close();
  await expect(log).toContainText("This chat has ended.");
  await page.keyboard.type("stion please");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog")).toBeFocused();
  await expect(page.getByRole("radio", { checked: true })).toHaveCount(0);
  expect(await page.evaluate(() => scrollY)).toBe(0);

  // Nor does Enter give it where the visitor went there: what was sent is what the button sent.
  await page.getByRole("radio", { name: "3 of 5" }).focus();
  await page.keyboard.press("Space");
  await page.keyboard.press("Enter");
  await page.getByRole("textbox", { name: "Anything to add?" }).fill("Nice lake");
  await page.keyboard.press("Enter");
  await page.getByRole("radio", { name: "4 of 5" }).check();
  await page.getByRole("button", { name: "Send", exact: true }).press("Enter");
  await expect(page.getByText("Thank you for your rating.")).toBeVisible();
  expect(sent).toEqual([undefined, 4]);

  // What was not sent is there again with the next chat.
  await page.getByRole("button", { name: "Start a new chat" }).click();
  await expect(message).toHaveValue("One more que");
});

test("v3 a text that is being written when the wait ends stays in its box, beside the question, until it was answered", async ({
  agent,
  visit,
}) => {
  const jane = await agent();
  const visitor = await visit();
  const { page, message, capture, log } = visitor;
  const send = page.locator(".composer").getByRole("button", { name: "Send" });
  await visitor.askForSomebody();
  await expect(page.getByRole("timer")).toBeVisible();
  await message.pressSequentially("Hello, my order is ");
  await jane.online(false);
  await expect(capture).toBeVisible();
  await page.keyboard.type("number 4711 and it is late");
  await expect(message).toHaveValue("Hello, my order is number 4711 and it is late");
  await expect(capture).toHaveValue("");
  await page.reload();
  await expect(message).toHaveValue("Hello, my order is number 4711 and it is late");
  await message.focus();
  await page.keyboard.press("Enter");
  await expect(log.locator(".mine .bubble").last()).toHaveText("Hello, my order is number 4711 and it is late");
  // Whoever goes on at once does so in the same box.
  await page.keyboard.type("Very la");
  await expect(message).toHaveValue("Very la");
  await message.fill("");
  await jane.online(true);
  await expect(page.getByText("We are online")).toBeVisible();
  await expect(message).toBeFocused();
  await message.fill("Very late");
  await send.click();
  await visitor.answer("Where can we write to you?", "ada@lake.example");
  await expect(log).toContainText("Thank you!");
  await jane.claim("offline");
  expect(await jane.heardTexts()).toEqual(["Hello, my order is number 4711 and it is late", "Very late"]);
});

test("v3 who writes nothing when the wait ends has one box, and what they type is not taken for an answer", async ({
  agent,
  visit,
}) => {
  const jane = await agent();
  const visitor = await visit();
  const { page, message, capture } = visitor;
  await visitor.askForSomebody();
  await expect(page.getByRole("timer")).toBeVisible();
  await expect(message).toBeFocused();
  await jane.online(false);
  await expect(capture).toBeVisible();
  await expect(message).toHaveCount(0);
  await expect(page.getByRole("dialog")).toBeFocused();
  await page.keyboard.type("Are you there?");
  await expect(capture).toHaveValue("");
});

test("v3 half an answer is not sent to the agent who comes in between: it stands in the text box, unless another text does", async ({
  agent,
  visit,
}) => {
  const jane = await agent();
  await jane.online(false);
  const first = await visit();
  await first.askForSomebody();
  await first.capture.pressSequentially("zoe@exa");
  await jane.online(true);
  await jane.claim("offline");
  await expect(first.speaker()).toHaveText(jane.name);
  await expect(first.page.getByRole("dialog")).toBeFocused();
  await first.page.keyboard.type("mple.com");
  await first.page.keyboard.press("Enter");
  await expect(first.message).toHaveValue("zoe@exa");
  await first.message.press("End");
  await first.page.keyboard.type("mple.com");
  await first.page.keyboard.press("Enter");
  await expect.poll(() => jane.heardTexts()).toEqual(["zoe@example.com"]);
  await first.page.reload();
  await expect(first.log).toContainText("zoe@example.com");
  await expect(first.message).toHaveValue("");

  const second = await visit();
  await second.askForSomebody();
  await second.message.fill("Hello, my or");
  await jane.online(false);
  await second.capture.pressSequentially("zoe@exa");
  await jane.online(true);
  await jane.claim("offline");
  await expect(second.capture).toHaveCount(0);
  await expect(second.message).toHaveValue("Hello, my or");
  await expect(second.message).not.toBeFocused();
});
