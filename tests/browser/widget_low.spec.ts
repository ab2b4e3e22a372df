import type { Locator, Page } from "@playwright/test";
import { expect, test } from "./fixtures";

/** How many of these are really to be seen and pressed: neither clipped, nor covered, nor scrolled away. */
function inView(parts: Locator): Promise<number> {
  return parts.evaluateAll(
    (all) =>
      all.filter((part) => {
        const { left, right, top, bottom } = part.getBoundingClientRect();
        const there = (y: number) => {
          const hit = (part.getRootNode() as ShadowRoot).elementFromPoint((left + right) / 2, y);
          return hit !== null && (part.contains(hit) || hit.contains(part));
        };
        const inside = top >= 0 && bottom <= innerHeight && left >= 0 && right <= innerWidth;
        return inside && there(top + 3) && there(bottom - 3);
      }).length,
  );
}

const send = (page: Page) => page.getByRole("button", { name: "Send", exact: true });

// A telephone on its side; 1280 by 1024 at 400 %.
for (const viewport of [
  { width: 844, height: 390 },
  { width: 320, height: 256 },
]) {
  const size = `${viewport.width} by ${viewport.height}`;

  test(`v8 in a window of ${size} each part is in view where it is needed`, async ({ agent, visit }) => {
    const jane = await agent();
    const visitor = await visit(undefined, { viewport, reducedMotion: "reduce" });
    const { page, log, message } = visitor;
    const shown = (part: Locator, count = 1) => expect.poll(() => inView(part)).toBe(count);
    await visitor.open();
    await shown(page.getByRole("button", { name: "Just looking" }));
    await shown(message);
    await visitor.choose("Talk to someone");
    await shown(page.getByRole("timer"));
    await shown(page.getByText("You are next."));
    await shown(message);
    await jane.online(false);
    await shown(visitor.capture);
    await shown(send(page));
    await jane.online(true);
    await jane.claim("offline");
    await expect(visitor.speaker()).toHaveText(jane.name);
    for (let at = 1; at <= 9; at += 1) await jane.say(`Text number ${at}.`);
    await shown(log.getByText("Text number 9."));
    await shown(message);
    await shown(send(page));
    await shown(page.getByRole("button", { name: "Close", exact: true }));
    await jane.close();
    await shown(page.locator(".star"), 5);
  });
}

test("v8 in a low window the newest text is followed, and none is told as read that was not in view", async ({
  agent,
  visit,
}) => {
  const jane = await agent();
  const visitor = await visit(undefined, { viewport: { width: 844, height: 390 }, reducedMotion: "reduce" });
  const { page, log } = visitor;
  const latest = page.getByRole("button", { name: "New messages" });
  const read = () => jane.pushes.findLast(({ type, by }) => type === "seen" && by !== "agent")?.read;
  await visitor.askForSomebody();
  await jane.claim();
  for (let at = 1; at <= 12; at += 1) await jane.say(`Text number ${at}.`);
  await expect.poll(() => inView(log.getByText("Text number 12."))).toBe(1);
  const { events } = (await jane.ask({ type: "open", conversation: jane.conversation })) as unknown as {
    events: { seq: number }[];
  };
  const before = events.at(-1)?.seq ?? 0;
  await expect.poll(read).toBe(before);

  // Further up one stays there, is told of what comes, and has not read it.
  await page.mouse.move(400, 200);
  await page.mouse.wheel(0, -400);
  await expect.poll(() => inView(log.getByText("Text number 12."))).toBe(0);
  await jane.say("Unseen.");
  await expect.poll(() => inView(latest)).toBe(1);
  expect(await inView(log.getByText("Unseen."))).toBe(0);
  expect(read()).toBe(before);
  await latest.click();
  await expect.poll(() => inView(log.getByText("Unseen."))).toBe(1);
  await expect.poll(read).toBe(before + 1);
  await expect(latest).toBeHidden();
});
