import { expect, type Locator, type Page } from "@playwright/test";
import type { Hub, SignIn } from "./hub";

type Frame = { type: string } & Record<string, unknown>;

/** The inbox in one browser, as an agent uses it. */
export class Desk {
  readonly page: Page;
  readonly name: string;
  /** Every frame this page sent and got. */
  readonly sent: Frame[] = [];
  readonly received: Frame[] = [];
  /** Refusals of the content security policy and faults of the page's own script. */
  readonly faults: string[] = [];
  readonly online: Locator;
  readonly rows: Locator;
  readonly log: Locator;
  readonly panel: Locator;
  readonly message: Locator;

  private constructor(page: Page, name: string) {
    this.page = page;
    this.name = name;
    this.online = page.getByRole("switch", { name: "Online" });
    this.rows = page.getByRole("list", { name: "Conversations" }).getByRole("listitem");
    this.log = page.getByRole("log", { name: "Conversation" });
    this.panel = page.getByRole("complementary", { name: "Details" });
    this.message = page.getByRole("textbox", { name: "Message" });
    page.on("pageerror", (fault) => this.faults.push(fault.message));
    page.on("console", (line) => {
      if (line.text().includes("Content Security Policy")) this.faults.push(line.text());
    });
    page.on("websocket", (socket) => {
      socket.on("framesent", ({ payload }) => this.sent.push(JSON.parse(String(payload)) as Frame));
      socket.on("framereceived", ({ payload }) => this.received.push(JSON.parse(String(payload)) as Frame));
    });
  }

  static async signIn(page: Page, hub: Pick<Hub, "origin">, who: SignIn): Promise<Desk> {
    await page.addInitScript(() => {
      const shown: string[] = [];
      Object.assign(window, { shownNotifications: shown });
      window.Notification = new Proxy(Notification, {
        construct(target, [title, options]) {
          shown.push(title);
          return new target(title, options);
        },
      });
      const show = ServiceWorkerRegistration.prototype.showNotification;
      ServiceWorkerRegistration.prototype.showNotification = function (title, options) {
        shown.push(title);
        return show.call(this, title, options);
      };
    });
    const desk = new Desk(page, who.name);
    await page.goto(who.link);
    await expect(desk.online).toBeVisible();
    // The token leaves the address at once.
    expect(page.url()).toBe(`${hub.origin}/`);
    return desk;
  }

  /** The same agent in another tab: its sign-in is its own, as sessionStorage is. */
  async anotherTab(hub: Hub, who: SignIn): Promise<Desk> {
    return Desk.signIn(await this.page.context().newPage(), hub, who);
  }

  async goOnline(): Promise<void> {
    await this.online.click();
    await expect(this.online).toBeChecked();
  }

  folder(name: "Unassigned" | "My conversations" | "Closed" | "All"): Locator {
    return this.page.getByRole("navigation", { name: "Folders" }).getByRole("button", { name });
  }

  async counts(folder: "Unassigned" | "My conversations" | "Closed", count: number): Promise<void> {
    await expect(this.folder(folder)).toHaveText(`${folder} ${count}`);
  }

  /** Opens the only row of a folder. */
  async openOnly(folder: "Unassigned" | "My conversations" | "Closed" | "All"): Promise<void> {
    await this.folder(folder).click();
    await expect(this.rows).toHaveCount(1);
    await this.rows.getByRole("button").click();
    await expect(this.log).toBeVisible();
  }

  async claim(): Promise<void> {
    await this.page.getByRole("button", { name: "Assign to me" }).click();
    await expect(this.message).toBeVisible();
  }

  async write(text: string): Promise<void> {
    await this.message.fill(text);
    await this.page.getByRole("button", { name: "Send", exact: true }).click();
  }

  async fill(label: string, value: string): Promise<void> {
    const field = this.panel.getByLabel(label, { exact: true });
    await field.fill(value);
    await field.blur();
    await expect(field).toHaveAccessibleDescription("Saved");
  }

  async assignTo(name: string): Promise<void> {
    const assignee = this.page.getByRole("combobox", { name: "Assignee" });
    const option = assignee.locator("option", { hasText: name });
    await assignee.selectOption((await option.getAttribute("value")) ?? "");
  }

  async close(): Promise<void> {
    await this.page.getByRole("button", { name: "Close conversation" }).click();
    await this.page.getByRole("button", { name: "Close for good" }).click();
  }

  /** The whole document, form values and storage of the page. */
  everythingHere(): Promise<string> {
    return this.page.evaluate(() => {
      const values = [...document.querySelectorAll("input, textarea")].map((box) => (box as HTMLInputElement).value);
      return [
        document.documentElement.outerHTML,
        ...values,
        JSON.stringify({ ...sessionStorage, ...localStorage }),
      ].join();
    });
  }

  /** The titles of the desktop notifications shown by this page. */
  notifications(): Promise<string[]> {
    return this.page.evaluate(() => (window as unknown as { shownNotifications: string[] }).shownNotifications);
  }

  /** The receipts given for notifications of this reason. */
  receipts(reason: string): unknown[] {
    return this.sent
      .filter((frame) => frame.type === "notified" && frame.reason === reason)
      .map((frame) => frame.outcome);
  }
}
