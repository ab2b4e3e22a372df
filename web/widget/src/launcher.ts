import type { Appearance } from "../../client/src/generated.js";
import styles from "./launcher.css?inline";

const SVG = "http://www.w3.org/2000/svg";
const SPEECH = "M4 4h16a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2h-9l-5 4v-4H4a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2z";
const CROSS = "M6 6l12 12M18 6L6 18";

/** The round button in the corner, in a shadow root that the page cannot reach into. */
export class Launcher {
  readonly root: ShadowRoot;
  readonly #host: HTMLElement;
  readonly #button: HTMLButtonElement;
  readonly #badge: HTMLElement;
  readonly #path: SVGPathElement;

  constructor(appearance: Appearance, press: () => void) {
    this.#host = document.createElement("div");
    const colour = /^#[0-9a-f]{6}$/i.test(appearance.color) ? appearance.color : "#3b5bdb";
    this.#host.style.setProperty("--accent", colour);
    this.#host.style.setProperty("--on-accent", isLight(colour) ? "#111" : "#fff");
    this.root = this.#host.attachShadow({ mode: "closed" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(styles);
    this.root.adoptedStyleSheets = [sheet];

    this.#button = document.createElement("button");
    this.#button.type = "button";
    this.#button.className = "launcher";
    this.#button.addEventListener("click", press);
    const icon = document.createElementNS(SVG, "svg");
    icon.setAttribute("viewBox", "0 0 24 24");
    icon.setAttribute("aria-hidden", "true");
    this.#path = document.createElementNS(SVG, "path");
    icon.append(this.#path);
    this.#badge = document.createElement("span");
    this.#badge.className = "badge";
    this.#badge.hidden = true;
    this.#button.append(icon, this.#badge);
    this.root.append(this.#button);
    this.opened(false);
    document.body.append(this.#host);
  }

  opened(open: boolean): void {
    this.#button.setAttribute("aria-label", open ? "Close chat" : "Open chat");
    this.#button.setAttribute("aria-expanded", String(open));
    this.#path.setAttribute("d", open ? CROSS : SPEECH);
    this.#button.classList.toggle("open", open);
  }

  busy(busy: boolean): void {
    this.#button.setAttribute("aria-busy", String(busy));
  }

  unread(count: number): void {
    this.#badge.hidden = count === 0;
    this.#badge.textContent = count > 9 ? "9+" : String(count);
  }

  focus(): void {
    this.#button.focus();
  }

  remove(): void {
    this.#host.remove();
  }
}

/** Whether dark letters read better on this colour (relative luminance, WCAG). */
function isLight(colour: string): boolean {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.4;
}
