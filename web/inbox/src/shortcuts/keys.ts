/** What a key asks for in the inbox. */
export type Act = "next" | "previous" | "claim" | "compose" | "close" | "search" | "back" | "help";

const LETTERS: Record<string, Act> = {
  j: "next",
  k: "previous",
  a: "claim",
  m: "compose",
  e: "close",
  "/": "search",
  "?": "help",
};
const ARROWS: Record<string, Act> = { ArrowDown: "next", ArrowUp: "previous" };

/** A key press, as far as it matters here. */
export interface Press {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

/** Where the press fell: `text` is somewhere to write, `busy` something with keys of its own, `log` the transcript. */
export type Spot = "free" | "text" | "busy" | "log";

/** What this press asks for, or null. `letters`: the person has not switched single letters off. */
export function actOf(press: Press, spot: Spot, letters: boolean): Act | null {
  if (press.metaKey || press.ctrlKey || spot === "busy") return null;
  // With Alt also from within a text.
  if (press.altKey) return ARROWS[press.key] ?? null;
  if (press.key === "Escape") return "back";
  if (spot === "text") return null;
  if (spot === "free" && press.key in ARROWS) return ARROWS[press.key] ?? null;
  return letters ? (LETTERS[press.key] ?? null) : null;
}

export function spotOf(target: EventTarget | null): Spot {
  if (!(target instanceof Element)) return "free";
  if (target.closest("dialog, [popover], select, [role=menu], [role=listbox], input[type=date]") !== null)
    return "busy";
  if (target.closest("input, textarea, [contenteditable]") !== null) return "text";
  return target.closest("[role=log], aside") === null ? "free" : "log";
}
