import { expect, test } from "vitest";
import { ago, clockTime, dayName, momentTime, waited } from "../src/time.js";
import { NOON, READER } from "./scenes.js";

const DAY = 86_400_000;

test("r9_a_wait_counts_in_words_that_fit_its_length", () => {
  const times = [0, 42_000, 725_000, 3_900_000, DAY, 3 * DAY].map(waited);
  expect(times).toEqual(["0:00", "0:42", "12:05", "1 h 05 min", "1 day", "3 days"]);
  expect(waited(-5_000)).toBe("0:00");
});

test("r11_a_lost_race_is_told_to_the_tenth_of_a_second", () => {
  expect([300, 12_000, 240_000, 7_200_000].map(ago)).toEqual(["0.3 s", "12 s", "4 min", "2 h"]);
});

test("r16_times_of_day_and_days_are_the_readers_own", () => {
  expect(clockTime(NOON, READER)).toBe("14:02");
  expect(clockTime(NOON, { ...READER, zone: "Asia/Tokyo" })).toBe("23:02");
  expect(momentTime(NOON, NOON + 60_000, READER)).toBe("14:02");
  expect(momentTime(NOON, NOON + DAY, READER)).toBe("23 Nov, 14:02");
  expect(momentTime(NOON, NOON + 90 * DAY, READER)).toBe("23 Nov 2026, 14:02");
  expect(dayName(NOON, NOON, READER)).toBe("Today");
  expect(dayName(NOON - DAY, NOON, READER)).toBe("Yesterday");
  expect(dayName(NOON - 9 * DAY, NOON, READER)).toBe("14 November");
  expect(dayName(NOON - 365 * DAY, NOON, READER)).toBe("23 November 2025");
});
