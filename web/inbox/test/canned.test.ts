import { expect, test } from "vitest";
import { bars, dated, duration, range, scale } from "../src/admin/stats.js";
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
  expect(bars([2, null, 4], 5).map(({ height }) => height)).toEqual([16, 0, 32]);
  expect(bars([], 1)).toEqual([]);
});

test("i6_a_plot_has_an_axis_of_a_few_round_numbers_in_a_unit_that_fits", () => {
  const axis = (values: (number | null)[], of: "count" | "ms") => {
    const { unit, top, ticks } = scale(values, of);
    expect(top).toBeGreaterThanOrEqual(Math.max(0, ...values.map((value) => value ?? 0)));
    expect(ticks.length).toBeLessThanOrEqual(5);
    expect([ticks[0]?.at, ticks.at(-1)?.at]).toEqual([0, 1]);
    return [unit, ...ticks.map(({ label }) => label)];
  };
  expect(axis([], "count")).toEqual(["count", "0", "1"]);
  expect(axis([1, null, 0], "count")).toEqual(["count", "0", "1"]);
  expect(axis([2, 7], "count")).toEqual(["count", "0", "5", "10"]);
  expect(axis([1_234], "count")).toEqual(["count", "0", "500", "1000", "1500"]);
  expect(axis([null], "ms")).toEqual(["ms", "0", "1"]);
  expect(axis([0.4], "ms")).toEqual(["ms", "0", "0.2", "0.4"]);
  expect(axis([310, 95], "ms")).toEqual(["ms", "0", "200", "400"]);
  expect(axis([4_210], "ms")).toEqual(["s", "0", "2", "4", "6"]);
  expect(axis([600_000, 20_000], "ms")).toEqual(["min", "0", "5", "10"]);
  for (const most of [1, 3, 9, 11, 14, 29, 99, 101, 999, 1_001, 59_999, 119_999, 120_001, 3_600_000]) {
    axis([most], "ms");
    axis([most], "count");
  }
  expect(dated(7)).toEqual([0, 3, 6]);
  expect(dated(31)).toEqual([8, 19, 30]);
  expect(dated(1)).toEqual([0]);
});
