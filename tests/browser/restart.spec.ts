import { expect, test } from "./fixtures";

test("d1 the inbox and the widget survive a kill of the hub and its restart", async ({ hub, talk }) => {
  const { jane, visitor } = await talk();
  await jane.write("Before");
  await expect(visitor.log).toContainText("Before");

  await hub.kill();
  await expect(jane.page.getByText("No connection.")).toBeVisible();
  await jane.write("Meanwhile, from the desk");
  await expect(jane.log).toContainText("sending…");
  await visitor.write("Meanwhile, from the lake");

  await hub.start();
  await expect(jane.page.getByText("Connected")).toBeVisible({ timeout: 40_000 });
  await expect(jane.online).toBeChecked();
  await expect(jane.log.getByText("Meanwhile, from the lake")).toHaveCount(1, { timeout: 40_000 });
  await expect(jane.log.getByText("sending…")).toHaveCount(0);
  await expect(visitor.log.getByText("Meanwhile, from the desk")).toHaveCount(1, { timeout: 40_000 });
  for (const log of [jane.log, visitor.log]) {
    await expect(log.getByText("Before", { exact: true })).toHaveCount(1);
    await expect(log.getByText("Meanwhile, from the desk")).toHaveCount(1);
    await expect(log.getByText("Meanwhile, from the lake")).toHaveCount(1);
  }
  await jane.counts("My conversations", 1);
});
