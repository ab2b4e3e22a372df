import type { Appearance } from "../../client/src/generated.js";
import { buttonNames, type Language } from "./language.js";
import styles from "./launcher.css?inline";
import { lettersOn } from "./luminance.js";

const SVG = "http://www.w3.org/2000/svg";
/** The icons a playbook may name; of one that is not known here the first stands in. */
const ICONS: Record<string, string> = {
  chat: "M4 5h16v11H11l-4 4v-4H4z",
  question: "M9 9a3 3 0 1 1 4 3l-1 1v2m0 3v.1",
  mail: "M3 6h18v12H3zl9 7 9-7",
  smile: "M7 13a5 5 0 0 0 10 0M8.5 8v.1m7-.1v.1",
};
const CROSS = "M6 6l12 12M18 6L6 18";

/** The round button in the corner, in a shadow root that the page cannot reach into. */
export class Launcher {
  readonly root: ShadowRoot;
  readonly #host = document.createElement("div");
  readonly #button = document.createElement("button");
  readonly #path = document.createElementNS(SVG, "path");
  readonly #icon: string | undefined;
  readonly #names: readonly string[];

  constructor({ color, icon }: Appearance, language: Language, press: () => void) {
    this.#icon = ICONS[icon] ?? ICONS.chat;
    this.#names = buttonNames(language);
    this.#host.dir = language === "ar" ? "rtl" : "ltr";
    this.root = this.#host.attachShadow({ mode: "closed" });
    const sheet = new CSSStyleSheet();
    // Where the page's own style cannot reach: custom properties of the host element would be the page's to change.
    sheet.replaceSync(`${styles}:host>*{--u-accent:${color};--u-on:${lettersOn(color)}}`);
    this.root.adoptedStyleSheets = [sheet];
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.append(this.#path);
    this.#button.className = "launcher";
    this.#button.type = "button";
    this.#button.onclick = press;
    this.#button.append(svg);
    this.root.append(this.#button);
    this.opened(false);
    document.documentElement.append(this.#host);
  }

  opened(open: boolean): void {
    const { ariaLabel } = this.#button;
    this.#button.ariaLabel = this.#names[Number(open)] ?? ariaLabel;
    this.#button.ariaExpanded = String(open);
    this.#path.setAttribute("d", (open ? CROSS : this.#icon) ?? "");
  }

  busy(busy: boolean): void {
    this.#button.ariaBusy = String(busy);
  }

  remove(): void {
    this.#host.remove();
  }
}
