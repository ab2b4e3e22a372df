import { expect, test } from "vitest";
import { blocksOf } from "../src/conversation/blocks.js";
import { transcript } from "../src/conversation/transcript.js";
import { slice } from "../src/list/slice.js";
import { conversation, event, JANE, NOON, READER, VISITOR } from "./scenes.js";

function lines(from: number, to: number) {
  const events = Array.from({ length: to - from }, (_, index) =>
    event(from + index, VISITOR, { type: "message", text: `text ${from + index}` }),
  );
  const scene = { conversation: conversation(), events, unsent: [], me: { id: "jane", name: "Jane" }, now: NOON };
  return transcript({ ...scene, reader: READER });
}

test("i7_blocks_keep_their_borders_when_older_lines_are_put_before_them", () => {
  const later = blocksOf(lines(130, 210));
  const whole = blocksOf(lines(1, 210));
  expect(later.map(({ id }) => id)).toEqual([3, 4, 5]);
  expect(whole.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4, 5]);
  // But for the name of the day, which stands before the first line that is here.
  const keys = (block: (typeof whole)[number] | undefined) => block?.lines.map(({ key }) => key);
  expect(keys(whole[4])).toEqual(keys(later[1]));
  expect(whole.flatMap((block) => block.lines)).toEqual(lines(1, 210));
});

test("i7_what_is_not_in_the_log_yet_stands_in_the_last_block", () => {
  const events = [event(90, VISITOR, { type: "message", text: "a" })];
  const unsent = [{ key: "k", kind: "send", conversation: "c_1", text: "b", state: "queued" } as const];
  const scene = { conversation: conversation(), events, unsent, me: { id: "jane", name: "Jane" }, now: NOON };
  const blocks = blocksOf(transcript(scene as unknown as Parameters<typeof transcript>[0]));
  expect(blocks).toHaveLength(1);
  expect(blocks[0]?.lines.at(-1)).toMatchObject({ text: "b", seq: null });
});

test("i7_who_goes_on_speaking_within_a_moment_is_not_named_again", () => {
  const at = (seq: number, minutes: number) => ({
    ...event(seq, JANE, { type: "message", text: "x" }),
    at: NOON + minutes * 60_000,
  });
  const events = [
    at(1, 0),
    at(2, 1),
    at(3, 9),
    { ...event(4, VISITOR, { type: "message", text: "y" }), at: NOON + 540_000 },
  ];
  const scene = { conversation: conversation(), events, unsent: [], me: { id: "jane", name: "Jane" }, now: NOON };
  const speeches = transcript({ ...scene, reader: READER }).filter((line) => line.kind === "message");
  expect(speeches.map((line) => "goesOn" in line && line.goesOn)).toEqual([false, true, false, false]);
});

test("i7_of_many_rows_those_in_the_window_are_drawn_and_a_few_beside", () => {
  expect(slice(500, 76, 0, 760)).toEqual({ from: 0, to: 18 });
  expect(slice(500, 76, 7_600, 760)).toEqual({ from: 92, to: 118 });
  expect(slice(500, 76, 99_999, 760).to).toBe(500);
  expect(slice(0, 76, 0, 760)).toEqual({ from: 0, to: 0 });
  expect(slice(3, 76, 0, 0)).toEqual({ from: 0, to: 3 });
});
