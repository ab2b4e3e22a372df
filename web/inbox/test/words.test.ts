import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { wordFaults } from "../../vite.words.js";
import { count, speak, t } from "../src/words/words.js";

afterEach(() => speak(["en"]));

test("i8_every_language_of_the_inbox_has_every_word", () => {
  expect(wordFaults()).toEqual([]);
});

test("i8_a_missing_word_or_another_hole_fails_the_build", () => {
  const folder = mkdtempSync(join(tmpdir(), "usher-words-"));
  writeFileSync(join(folder, "en.json"), JSON.stringify({ a: "A {name}", b: "B" }));
  writeFileSync(join(folder, "nl.json"), JSON.stringify({ a: "A {naam}", c: "C" }));
  expect(wordFaults(folder)).toEqual([
    'nl.json: "a" fills in other things than English',
    'nl.json lacks "b"',
    'nl.json has "c", which English does not have',
  ]);
  rmSync(folder, { recursive: true });
});

test("i8_a_name_from_right_to_left_does_not_turn_what_stands_behind_it", () => {
  expect(t("field.changed", { name: "عمر", time: "14:02" })).toBe("Changed by \u2068عمر\u2069, 14:02");
  expect(t("field.changed", { name: "Zoë", time: "14:02" })).toBe("Changed by Zoë, 14:02");
});

test("i8_the_inbox_speaks_the_first_language_it_knows", async () => {
  expect(await speak(["fr-FR", "nl-BE", "en"])).toBe("nl");
  expect(t("event.joined", { name: "Anna" })).toBe("Anna doet mee");
  expect(count("time.days", 2)).toBe("2 dagen");
  expect(await speak(["fr"])).toBe("en");
  expect(count("time.days", 1)).toBe("1 day");
});
