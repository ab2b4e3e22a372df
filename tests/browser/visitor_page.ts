import { type BrowserContext, expect, type Locator, type Page } from "@playwright/test";
import type { Hub } from "./hub";

/** The demo page with the widget on it, as a visitor uses it. */
export class VisitorPage {
  readonly page: Page;
  readonly log: Locator;
  readonly message: Locator;

  private constructor(page: Page) {
    this.page = page;
    this.log = page.getByRole("log", { name: "Conversation" });
    this.message = page.getByRole("textbox", { name: "Message" });
  }

  static async arrive(context: BrowserContext, hub: Hub): Promise<VisitorPage> {
    await openShadows(context);
    const page = await context.newPage();
    await page.goto(`${hub.origin}/demo`);
    return new VisitorPage(page);
  }

  /** The same visitor in another tab. */
  async anotherTab(): Promise<VisitorPage> {
    const page = await this.page.context().newPage();
    await page.goto(this.page.url());
    return new VisitorPage(page);
  }

  async open(): Promise<void> {
    await this.page.getByRole("button", { name: "Open chat" }).click();
    await expect(this.page.getByRole("button", { name: "Close chat" })).toBeVisible();
  }

  async choose(label: string): Promise<void> {
    await this.page.getByRole("button", { name: label, exact: true }).click();
  }

  /** Opens the chat and asks for a person. */
  async askForSomebody(): Promise<void> {
    await this.open();
    await this.choose("Talk to someone");
  }

  /** Answers the card that asks `question`. */
  async answer(question: string, value: string): Promise<void> {
    const box = this.page.getByRole("textbox", { name: question });
    await box.fill(value);
    await box.press("Enter");
  }

  async write(text: string): Promise<void> {
    await this.message.fill(text);
    await this.page.getByRole("button", { name: "Send", exact: true }).click();
  }

  /** Who the window says one is talking with. */
  speaker(): Locator {
    return this.page.getByRole("dialog").getByRole("heading");
  }
}

/** The widget's shadow root is closed, which keeps the test out as well as the page. */
export async function openShadows(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const attach = Element.prototype.attachShadow;
    Element.prototype.attachShadow = function (init) {
      return attach.call(this, { ...init, mode: "open" });
    };
  });
}
