import { expect, type Page } from "@playwright/test";
import type { Desk } from "./desk";
import type { Hub } from "./hub";

export type Stored = {
  id: string;
  version: number;
  cards: Record<string, Record<string, unknown>>;
  [name: string]: unknown;
};

/** The playbook as the hub has it. */
export async function stored(hub: Hub, id = "pb_demo"): Promise<Stored> {
  return (await (await hub.rest("GET", `/v1/playbooks/${id}`)).json()) as Stored;
}

/** Opens the editor of the demo's playbook. */
export async function edit(admin: Desk, name = "Demo"): Promise<Page> {
  const { page } = admin;
  await page.getByRole("link", { name: "Playbooks", exact: true }).click();
  await page.getByRole("list", { name: "Playbooks" }).getByRole("link", { name, exact: true }).click();
  await expect(page.getByRole("textbox", { name: "Playbook name" })).toHaveValue(name);
  return page;
}

export const save = (page: Page) => page.getByRole("button", { name: "Save", exact: true });
export const outline = (page: Page) => page.getByRole("list", { name: "Cards" });
export const card = (page: Page, title: string) =>
  outline(page).getByRole("button", { name: `Edit ${title}`, exact: true });
/** The text box of a card's message, not its toolbar or preview. */
export const box = (page: Page, name: string) => page.getByRole("textbox", { name, exact: true });
