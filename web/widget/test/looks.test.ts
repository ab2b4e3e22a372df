import { expect, test } from "vitest";
import { DARK_LETTERS, lettersOn, luminance } from "../src/luminance.js";

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

test("v2_letters_on_the_playbooks_colour_can_be_read_whatever_the_colour", () => {
  expect([luminance("#000"), luminance("#fff")]).toEqual([0, 1]);
  expect(luminance("#808080")).toBeCloseTo(0.2159, 4);
  expect(luminance("#abc")).toBe(luminance("#aabbcc"));
  const steps = ["00", "33", "66", "80", "99", "cc", "ff"];
  for (const red of steps) {
    for (const green of steps) {
      for (const blue of steps) {
        const colour = `#${red}${green}${blue}`;
        expect(contrast(colour, lettersOn(colour)), colour).toBeGreaterThanOrEqual(4.5);
      }
    }
  }
  expect(lettersOn("#ffd43b")).toBe(DARK_LETTERS);
});
