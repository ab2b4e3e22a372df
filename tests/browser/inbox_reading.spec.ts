import type { Desk } from "./desk";
import { expect, test } from "./fixtures";

/** So long that its beginning and its end are not on one screen. */
const LONG = Array.from({ length: 120 }, (_, line) => `Line ${line + 1} of the contract`).join("\n");

const direction = (element: Element) => getComputedStyle(element).direction;

async function scrollUp({ log, page }: Desk): Promise<void> {
  await log.evaluate((here) => here.scrollTo(0, 0));
  await expect(page.getByRole("button", { name: "To the newest" })).toBeVisible();
}

test("r17 a text below what is in view is not read, rings, and is read at the end", async ({ talk }) => {
  const { jane, visitor } = await talk();
  await jane.write(LONG);
  await expect(visitor.log).toContainText("Line 120 of the contract");
  await scrollUp(jane);
  await visitor.write("URGENT");
  await expect(jane.page.getByRole("button", { name: "New messages" })).toBeVisible();
  await expect.poll(() => jane.receipts("message")).toEqual(["shown"]);
  await expect(jane.rows).toContainText(/1.unread/);
  const urgent = visitor.log.locator(".mine").last();
  await expect(urgent).toContainText("URGENT");
  await expect(urgent).not.toContainText("Seen");

  await jane.page.getByRole("button", { name: "New messages" }).click();
  await expect(urgent).toContainText("Seen");
  await expect(jane.rows).not.toContainText("unread");
  await expect(jane.page.getByRole("button", { name: "New messages" })).toBeHidden();
  // Nothing new is below what was seen.
  await scrollUp(jane);
  expect(jane.faults).toEqual([]);
});

test("r17 on a phone a text behind the details is not read before they are left", async ({ talk }) => {
  const { jane, visitor } = await talk();
  await jane.page.setViewportSize({ width: 360, height: 740 });
  await jane.page.getByRole("button", { name: "Show details" }).click();
  await expect(jane.panel).toBeVisible();
  await visitor.write("URGENT");
  await expect(jane.page).toHaveTitle("(1) Usher");
  await expect.poll(() => jane.receipts("message")).toEqual(["shown"]);
  const urgent = visitor.log.locator(".mine").last();
  await expect(urgent).toContainText("URGENT");
  await expect(urgent).not.toContainText("Seen");
  await jane.page.getByRole("button", { name: "Hide details" }).click();
  await expect(urgent).toContainText("Seen");
  await expect(jane.page).toHaveTitle("Usher");
});

test("i8 texts run in the direction of their own letters, and names do not turn what stands beside them", async ({
  agent,
  hub,
  talk,
}) => {
  await agent(hub.issue("omar", "عمر", "1h"));
  const { jane, visitor } = await talk();
  await visitor.write("مرحبا, 14 أو 15?");
  const text = jane.log.getByText("مرحبا");
  await expect(text).toBeVisible();
  expect(await text.evaluate(direction)).toBe("rtl");
  expect(await jane.log.getByText("Talk to someone").last().evaluate(direction)).toBe("ltr");
  expect(await jane.rows.locator(".preview").evaluate(direction)).toBe("rtl");
  for (const box of [jane.message, jane.panel.getByLabel("Private note"), jane.panel.getByLabel("Person name")]) {
    await box.fill("שלום");
    expect(await box.evaluate(direction)).toBe("rtl");
    await box.fill("Hello");
    expect(await box.evaluate(direction)).toBe("ltr");
  }
  await jane.fill("Person name", "עדה");
  for (const name of [jane.rows.locator(".name"), jane.page.getByRole("heading", { name: "עדה" }).locator("bdi")]) {
    await expect(name).toHaveText("עדה");
    expect(await name.evaluate(direction)).toBe("rtl");
  }
  await expect(jane.page.getByRole("combobox", { name: "Assignee" }).locator("option", { hasText: "عمر" })).toHaveText(
    "\u2068عمر\u2069 (online)",
  );
  await jane.page.screenshot({ path: test.info().outputPath("right_to_left.png") });
});

test("d4 a lost connection is told above a chat that fills the screen, and its seconds are not read aloud", async ({
  hub,
  talk,
}) => {
  const { jane } = await talk();
  const told = jane.page.getByRole("status").filter({ hasText: "No connection." });
  await jane.page.setViewportSize({ width: 360, height: 740 });
  await expect(jane.online).toBeHidden();
  await hub.drain();
  await expect(told).toBeVisible();
  await expect(told).toHaveCount(1);
  await jane.page.screenshot({ path: test.info().outputPath("no_connection.png") });
  // Every change of what is read aloud, while two other numbers come and go.
  const [spoken, shown] = await told.evaluate(
    (status) =>
      new Promise<[number, number]>((done) => {
        const numbers = new Set<string>();
        let changes = 0;
        new MutationObserver((records) => {
          const said = ({ target }: MutationRecord) => {
            const element = target instanceof Element ? target : target.parentElement;
            return element?.closest("[aria-hidden]") === null;
          };
          changes += records.filter(said).length;
          numbers.add(/\d+/.exec(status.textContent ?? "")?.[0] ?? "");
          if (numbers.size > 2) done([changes, numbers.size]);
        }).observe(status, { subtree: true, childList: true, characterData: true });
      }),
  );
  expect([spoken, shown]).toEqual([0, 3]);
  await jane.page.getByRole("button", { name: "Show details" }).click();
  await expect(jane.panel).toBeVisible();
  await expect(told).toBeInViewport({ ratio: 1 });
  await jane.page.screenshot({ path: test.info().outputPath("no_connection_details.png") });

  await hub.start();
  await jane.page.evaluate(() => dispatchEvent(new Event("online")));
  await expect(told).toHaveCount(0, { timeout: 40_000 });
});
