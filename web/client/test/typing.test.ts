import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { TypingSender } from "../src/typing.js";
import { FakeHub } from "./fake_hub.js";

type Told = [on: boolean, preview: string | undefined];

let told: Told[];
let sender: TypingSender;

beforeEach(() => {
  vi.useFakeTimers();
  told = [];
  sender = new TypingSender(new FakeHub().env, (on, preview) => told.push([on, preview]));
});

afterEach(() => vi.useRealTimers());

/** Types the text letter by letter, one every so many milliseconds. */
function type(text: string, everyMs: number, withPreview = true): void {
  for (let length = 1; length <= text.length; length += 1) {
    sender.typed(text.slice(0, length), withPreview);
    if (length < text.length) vi.advanceTimersByTime(everyMs);
  }
}

test("p3_the_last_letters_before_a_pause_are_shown_a_moment_later", () => {
  type("Half a thought", 60);
  expect(told.at(-1)?.[1]).not.toBe("Half a thought");
  vi.advanceTimersByTime(700);
  expect(told.at(-1)).toEqual([true, "Half a thought"]);
  const count = told.length;
  vi.advanceTimersByTime(2_000);
  expect(told).toHaveLength(count);
  vi.advanceTimersByTime(4_000);
  expect(told.at(-1)).toEqual([false, undefined]);
});

test("p3_letters_are_told_no_more_often_than_every_700_ms", () => {
  type("x".repeat(100), 50);
  vi.advanceTimersByTime(700);
  // 99 letters of 50 ms are five seconds.
  expect(told.length).toBeLessThanOrEqual(1 + Math.ceil((99 * 50) / 700));
  expect(told.at(-1)?.[1]).toHaveLength(100);
});

test("p3_what_was_sent_or_taken_back_is_not_shown_afterwards", () => {
  type("Sent", 60);
  sender.stop();
  type("Back", 60);
  sender.typed("", true);
  const count = told.length;
  vi.advanceTimersByTime(10_000);
  expect(told).toHaveLength(count);
  expect(told.at(-1)).toEqual([false, undefined]);
});

test("p3_without_a_preview_typing_is_told_at_the_first_key_and_every_three_seconds", () => {
  type("x".repeat(70), 100, false);
  vi.advanceTimersByTime(1_000);
  expect(told).toEqual([
    [true, undefined],
    [true, undefined],
    [true, undefined],
  ]);
  vi.advanceTimersByTime(3_000);
  expect(told.at(-1)).toEqual([false, undefined]);
});
