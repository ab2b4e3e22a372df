import { type Drawing, h } from "./view.js";

/** Drawn in strokes of the text's colour, on a field of 24 by 24. */
export const ICONS = {
  close: "M6 6l12 12M18 6L6 18",
  more: "M5 12h.1M12 12h.1M19 12h.1",
  send: "M12 19V5M6 11l6-6 6 6",
  down: "M12 5v14M6 13l6 6 6-6",
} as const;

export function icon(path: string): Drawing {
  return (
    <svg viewBox="0 0 24 24">
      <path d={path} />
    </svg>
  );
}
