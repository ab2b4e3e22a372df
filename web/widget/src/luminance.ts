export const DARK_LETTERS = "#000";
const LIGHT_LETTERS = "#fff";
/** Above this luminance dark letters read better than light ones; either way they have a contrast of 4.58 or more. */
const TURN = 0.179;

/** The letters for a paper of this colour. */
export function lettersOn(colour: string): string {
  return luminance(colour) > TURN ? DARK_LETTERS : LIGHT_LETTERS;
}

/** The relative luminance (WCAG) of `#rgb` or `#rrggbb`, from 0 for black to 1 for white. */
export function luminance(colour: string): number {
  const digits = colour.length < 7 ? colour.replace(/\w/g, "$&$&") : colour;
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number(`0x${digits.slice(at, at + 2)}`) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
