import { type BrowserContext, expect, type Locator, type Page } from "@playwright/test";

/** The demo page with the widget on it, as a visitor uses it. */
export class VisitorPage {
  readonly page: Page;
  readonly log: Locator;
  readonly message: Locator;
  /** The round button, whatever its language. */
  readonly launcher: Locator;
  /** The text box of a capture card. */
  readonly capture: Locator;
  readonly menu: Locator;

  private constructor(page: Page) {
    this.page = page;
    this.log = page.getByRole("log");
    this.message = page.locator(".composer textarea");
    this.launcher = page.locator(".launcher");
    this.capture = page.locator(".capture").getByRole("textbox");
    this.menu = page.locator(".more > summary");
  }

  static async arrive(context: BrowserContext, address: string): Promise<VisitorPage> {
    await openShadows(context);
    const page = await context.newPage();
    await page.goto(address);
    return new VisitorPage(page);
  }

  /** The same visitor in another tab. */
  async anotherTab(): Promise<VisitorPage> {
    const page = await this.page.context().newPage();
    await page.goto(this.page.url());
    return new VisitorPage(page);
  }

  async open(): Promise<void> {
    await this.launcher.click();
    await expect(this.log).toBeVisible();
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

  /** As `write`, with the keyboard, and in any language. */
  async send(text: string): Promise<void> {
    await this.message.fill(text);
    await this.message.press("Enter");
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
