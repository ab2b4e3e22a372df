/** What the hub takes, in bytes of UTF-8; `limits` of a `hello` reply. */
export interface SizeLimits {
  readonly max_frame: number;
  readonly max_text: number;
}

/** The contract's sizes, until a hub has told its own. */
export const CONTRACT_LIMITS: SizeLimits = { max_frame: 65_536, max_text: 16_384 };

/** Whether `text` has at most `max` bytes in UTF-8. */
export function fits(text: string, max: number): boolean {
  if (3 * text.length <= max) return true;
  let bytes = 0;
  for (const char of text) {
    const code = char.codePointAt(0) as number;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (bytes > max) return false;
  }
  return true;
}
