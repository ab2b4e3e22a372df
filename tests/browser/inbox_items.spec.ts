import { expect, test } from "./fixtures";
import { OUTSIDE, Receiver } from "./receiver";

test.use({ settings: OUTSIDE });

test("i3 an item that was not handed on says why, is tried again from the panel, and links to the CRM when it is there", async ({
  hub,
  signIn,
  talk,
}) => {
  const crm = await Receiver.open();
  try {
    crm.answers(422);
    await crm.hook(hub, ["item.created"]);
    const admin = await signIn(hub.admin);
    const { jane } = await talk();
    await admin.openOnly("All");
    await jane.fill("Person name", "Ada");
    await jane.panel.getByRole("button", { name: "Create lead" }).click();
    const item = jane.panel.getByRole("list", { name: "Items" }).getByRole("listitem").filter({ hasText: "Ada" });
    await expect(item).toContainText(/Not handed on: 127\.0\.0\.1: it answered 422/);
    await expect(item.locator("time")).toHaveText(/^\d\d:\d\d$/);
    await expect(item.getByRole("link")).toHaveCount(0);
    const theirs = admin.panel.getByRole("list", { name: "Items" }).getByRole("listitem");
    await expect(theirs).toContainText("Not handed on");

    const again = item.getByRole("button", { name: "Try again: Ada" });
    await again.click();
    await expect(item.getByRole("status")).toHaveText(/^Asked to try again, \d\d:\d\d$/);
    await expect.poll(() => crm.messages.length).toBe(2);
    await expect(item).toContainText("Not handed on");

    crm.answers(200, { external: { id: "47", url: "https://crm.example/leads/47" } });
    await again.click();
    await expect(item.getByRole("link", { name: "in the CRM" })).toHaveAttribute(
      "href",
      "https://crm.example/leads/47",
    );
    await expect(item).not.toContainText("Not handed on");
    await expect(again).toHaveCount(0);
    await expect(item.getByRole("status")).toHaveCount(0);
    await expect(theirs.getByRole("link", { name: "in the CRM" })).toBeVisible();
    // One errand under one name: whoever honours that makes one lead.
    expect(new Set(crm.messages.map(({ id }) => id)).size).toBe(1);
    expect(crm.messages).toHaveLength(3);
    await expect(jane.log.getByText("Lead created")).toHaveCount(1);
    expect([...jane.faults, ...admin.faults]).toEqual([]);
  } finally {
    crm.close();
  }
});

test("i3 that an item cannot be tried again is told in words", async ({ hub, talk }) => {
  const crm = await Receiver.open();
  try {
    crm.answers(410);
    await crm.hook(hub, ["item.created"]);
    const { jane } = await talk();
    await jane.panel.getByRole("button", { name: "Create lead" }).click();
    const item = jane.panel.getByRole("list", { name: "Items" }).getByRole("listitem");
    await expect(item).toContainText("410 Gone");
    // Told before it is given up: until then it is under way.
    await expect(async () => {
      await item.getByRole("button", { name: /^Try again/ }).click();
      await expect(item.getByRole("status")).toContainText("switched off", { timeout: 1_000 });
    }).toPass({ timeout: 45_000 });
    expect(crm.messages).toHaveLength(1);
  } finally {
    crm.close();
  }
});
