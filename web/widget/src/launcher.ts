import type { WidgetSettings } from "./contract.js";
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
/** What a page may hear and take for its own: its shortcuts would take letters out of a text, its traps the keyboard. */
const OURS = ["keydown", "keypress", "keyup", "focusin"] as const;

/** The round button in the corner, in a shadow root that the page cannot reach into. */
export interface Launcher {
  readonly root: ShadowRoot;
  /** `busy`: what was asked for is on its way. `unreached`: and keeps the visitor waiting, which they are told. */
  show(open: boolean, busy?: boolean, unreached?: boolean): void;
  remove(): void;
}

export function paintLauncher({ appearance, language, labels }: WidgetSettings, press: () => void): Launcher {
  const { color, icon } = appearance;
  const host = document.createElement("div");
  const note = document.createElement("div");
  const button = document.createElement("button");
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  const root = host.attachShadow({ mode: "closed" });
  const sheet = new CSSStyleSheet();
  const gone = new AbortController();

  /**
   * Ends here what the page would hear, and says it again inside, where what the chat makes of it counts. At the window,
   * since that comes before whatever else listens in the capture phase.
   */
  function keep(event: FocusEvent | KeyboardEvent): void {
    if (event.target !== host) return;
    event.stopImmediatePropagation();
    const { key, shiftKey, isComposing } = event as KeyboardEvent;
    const again = new KeyboardEvent(event.type, { key, shiftKey, isComposing, bubbles: true, cancelable: true });
    if (root.activeElement?.dispatchEvent(again) === false) event.preventDefault();
  }

  function show(open: boolean, busy = false, unreached = false): void {
    button.ariaLabel = labels[open ? "close" : "open"];
    button.ariaExpanded = String(open);
    button.ariaBusy = String(busy);
    note.textContent = unreached ? labels.unreached : "";
    path.setAttribute("d", (open ? CROSS : (ICONS[icon] ?? ICONS.chat)) as string);
  }

  host.dir = language === "ar" ? "rtl" : "ltr";
  // Where the page's own style cannot reach: custom properties of the host element would be the page's to change.
  sheet.replaceSync(
    `${styles}:host{direction:${host.dir}!important}:host>*{--u-accent:${color};--u-on:${lettersOn(color)}}`,
  );
  root.adoptedStyleSheets = [sheet];
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.append(path);
  note.className = "note";
  note.role = "status";
  button.className = "launcher";
  button.type = "button";
  button.onclick = press;
  button.append(svg);
  // The chat takes the last for the button.
  root.append(note, button);
  host.lang = language;
  // Above everything, and fixed to the screen whatever the page does to its `<html>`: a transform of it, say.
  host.popover = "manual";
  show(false);
  document.documentElement.append(host);
  host.showPopover?.();
  for (const name of OURS) addEventListener(name, keep, { capture: true, signal: gone.signal });

  return {
    root,
    show,
    remove() {
      host.remove();
      gone.abort();
    },
  };
}
