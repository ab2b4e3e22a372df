import { expect, test } from "vitest";
import { bars, duration, range } from "../src/admin/stats.js";
import { fitting, wantedOf } from "../src/conversation/canned.svelte.js";

test("i2_a_slash_at_the_beginning_asks_for_a_canned_answer", () => {
  expect(["/", "/He", "/two words", "x /y", "", "/a\nb"].map(wantedOf)).toEqual([
    "",
    "he",
    "two words",
    null,
    null,
    null,
  ]);
});

test("i2_answers_called_so_come_before_those_that_say_so", () => {
  const answers = [
    { name: "bye", text: "See you during our hours" },
    { name: "opening-hours", text: "Nine to five" },
    { name: "Hours", text: "Nine to five" },
    { name: "greeting", text: "Hello" },
  ];
  expect(fitting(answers, "hours").map(({ name }) => name)).toEqual(["Hours", "opening-hours", "bye"]);
  expect(fitting(answers, "")).toHaveLength(4);
  expect(fitting(answers, "nothing")).toEqual([]);
});

test("i6_statistics_are_asked_for_by_day_and_shown_with_units", () => {
  expect(range(Date.UTC(2026, 2, 2, 23, 59), 7)).toEqual({ from: "2026-02-24", to: "2026-03-02" });
  expect([null, 0, 950, 4_210, 185_000].map(duration)).toEqual(["–", "0 ms", "950 ms", "4.2 s", "3:05 min"]);
  expect(bars([2, null, 4]).map(({ height }) => height)).toEqual([20, 0, 40]);
  expect(bars([])).toEqual([]);
});
