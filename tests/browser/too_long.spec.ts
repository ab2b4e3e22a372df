import { expect, test } from "./fixtures";

/** More than a frame may hold, as a paste of a log or a mail would be. */
const PASTE = "word ".repeat(14_000).trim();

test("p1 an agent's text too long is told in the inbox, can be taken back, and the chat goes on, also after a reload", async ({
  talk,
}) => {
  const { jane, visitor } = await talk();

  await jane.write(PASTE);
  await expect(jane.log).toContainText("Not sent: too long");
  await jane.panel.getByLabel("Private note").fill(PASTE);
  await jane.panel.getByRole("button", { name: "Add note" }).click();
  await expect(jane.log.getByText("Not sent: too long")).toHaveCount(2);
  await jane.write("In short: turn it over.");
  await expect(visitor.log).toContainText("turn it over");

  await jane.page.reload();
  await jane.openOnly("My conversations");
  await expect(jane.log.getByText("Not sent: too long")).toHaveCount(2);
  await jane.write("Did it help?");
  await expect(visitor.log).toContainText("Did it help?");
  await jane.log.getByRole("button", { name: "Take back" }).click();
  await expect(jane.message).toHaveValue(PASTE);
  await jane.log.getByRole("button", { name: "Remove" }).click();
  await expect(jane.log).not.toContainText("Not sent");
  expect(jane.received.some((frame) => frame.type === "goodbye")).toBe(false);
  await expect(visitor.log).not.toContainText("word word");
});

test("p1 a visitor's text too long is told in the widget, in an answer and in a message, and the chat goes on", async ({
  agent,
  visit,
}) => {
  const visitor = await visit();
  const { page } = visitor;
  const closed: string[] = [];
  page.on("websocket", (socket) =>
    socket.on("framereceived", ({ payload }) => {
      if (String(payload).includes('"goodbye"')) closed.push(String(payload));
    }),
  );
  await visitor.askForSomebody();
  await visitor.answer("Where can we write to you?", PASTE);
  await expect(page.getByRole("alert")).toHaveText("This text is too long to send.");
  await expect(visitor.capture).toHaveValue(PASTE);
  // Short enough for a frame, and no address: the hub's judgement.
  await visitor.answer("Where can we write to you?", PASTE.slice(0, 9_000));
  await expect(page.getByRole("alert")).toHaveText("Please enter a valid e-mail address.");
  const jane = await agent();
  await jane.claim("offline");
  await expect(visitor.speaker()).toHaveText(jane.name);

  await visitor.write(PASTE);
  await expect(page.getByRole("alert")).toHaveText("This text is too long to send.");
  await expect(visitor.message).toHaveValue(PASTE);
  await page.reload();
  // The words are still there, to be shortened or copied.
  await expect(visitor.message).toHaveValue(PASTE);
  await visitor.write("Sorry, in short: it does not fold.");
  await expect.poll(() => jane.heardTexts()).toEqual(["Sorry, in short: it does not fold."]);
  expect(closed).toEqual([]);
});
