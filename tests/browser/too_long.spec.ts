import { expect, test } from "./fixtures";

/** More than a frame may hold, as a paste of a log or a mail would be. */
const PASTE = "word ".repeat(14_000).trim();

test("p1 an agent's text too long is told in the inbox, can be taken back, and the chat goes on, also after a reload", async ({
  hub,
  signIn,
  visit,
}) => {
  const jane = await signIn(hub.agent);
  await jane.goOnline();
  const visitor = await visit();
  await visitor.askForSomebody();
  await jane.openOnly("Unassigned");
  await jane.claim();

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
