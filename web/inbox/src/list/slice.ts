/** Rows beyond the edges of what is seen, so that scrolling meets no gap. */
const BEYOND = 8;

/** Which of `count` rows of `rowHeight` are worth drawing when `height` pixels from `top` on are seen. */
export function slice(count: number, rowHeight: number, top: number, height: number): { from: number; to: number } {
  const first = Math.floor(top / rowHeight) - BEYOND;
  const last = Math.ceil((top + Math.max(height, rowHeight)) / rowHeight) + BEYOND;
  const from = Math.max(0, Math.min(first, count - 1));
  return { from, to: Math.min(count, Math.max(last, from)) };
}
