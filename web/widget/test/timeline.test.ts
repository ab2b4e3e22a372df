import { expect, test } from "vitest";
import type { Event, OutboxEntry } from "../../client/src/index.js";
import { started, text } from "../../client/test/fake_hub.js";
import { unreadAfter } from "../src/chat/spoken.js";
import { newDay, openQuestion, rated, timeline } from "../src/panel/timeline.js";
import { fill, words } from "../src/words.js";

const visitor = { kind: "visitor" } as const;
const bot = { kind: "bot" } as const;
const jane = { id: "jane", name: "Jane" };
const janeWrites = { kind: "agent", ...jane } as const;

type Body = Event extends infer E ? (E extends Event ? Omit<E, "seq" | "at" | "by"> : never) : never;

function event(seq: number, body: Body, by: Event["by"] = bot): Event {
  return { seq, at: seq, by, ...body } as Event;
}

const choice = event(2, {
  type: "card",
  card: "hello",
  text: "Hi!",
  rich: [{ p: ["Hi!"] }],
  ask: { kind: "choice", options: [{ id: "talk", label: "Talk" }] },
});
const answered = event(3, { type: "answer", card: "hello", option: "talk", label: "Talk" }, visitor);

function said(lines: ReturnType<typeof timeline>): string[] {
  return lines.map((line) => (line.kind === "said" && line.mine ? `> ${line.text}` : line.text));
}

test("p2_the_log_shows_who_said_what_and_who_came_and_went", () => {
  const events = [
    started(1),
    choice,
    answered,
    event(4, { type: "waiting", card: "live", wait_ms: 60_000, deadline: 60_000 }),
    event(5, { type: "assigned", to: jane, from: null }, janeWrites),
    text(6, "Hello"),
    text(7, "Hi Jane", { by: visitor }),
    event(8, { type: "unassigned", from: jane }, janeWrites),
    event(9, { type: "closed", reason: "abandoned" }, { kind: "system" }),
  ];
  const expected = [
    "Hi!",
    "> Talk",
    fill(words.joined, "Jane"),
    "Hello",
    "> Hi Jane",
    fill(words.left, "Jane"),
    words.ended,
  ];
  expect(said(timeline(events, []))).toEqual(expected);
});

test("r12_an_agents_texts_carry_their_name_and_the_bots_do_not", () => {
  const lines = timeline([choice, text(3, "Hello")], []);
  expect(lines.map((line) => line.kind === "said" && (line.name ?? null))).toEqual([null, "Jane"]);
});

test("d2_a_text_on_its_way_stands_at_the_end_and_becomes_its_event_without_a_double", () => {
  const entry = { key: "k9", conversation: "c_1", kind: "send", text: "Hello", madeAt: 1, state: "pending" } as const;
  const pending = timeline([started(1)], [entry]);
  expect(pending).toMatchObject([{ key: "k9", mine: true, fate: "sending" }]);
  const failed: OutboxEntry = { ...entry, state: "failed", error: "too long" };
  expect(timeline([started(1)], [failed])).toMatchObject([{ fate: "failed" }]);
  const sent = timeline([started(1), text(2, "Hello", { key: "k9", by: visitor })], [entry]);
  expect(sent).toMatchObject([{ key: "k9", mine: true, fate: "sent", seq: 2 }]);
  expect(sent).toHaveLength(1);
});

test("p2_the_last_card_asks_until_it_is_answered", () => {
  expect(openQuestion([started(1), choice])).toMatchObject({ card: "hello", ask: { kind: "choice" } });
  expect(openQuestion([started(1), choice, text(3, "Well", { by: visitor })])).toMatchObject({ card: "hello" });
  expect(openQuestion([started(1), choice, answered])).toBeNull();
  const end = event(4, { type: "card", card: "bye", text: "Bye", rich: [], ask: { kind: "end" } });
  expect(openQuestion([started(1), choice, answered, end])).toBeNull();
});

test("p3_a_skipped_answer_is_shown_as_one", () => {
  const skipped = event(3, { type: "answer", card: "name", value: "", label: "" }, visitor);
  expect(said(timeline([skipped], []))).toEqual(["> –"]);
});

test("p3_unread_counts_the_other_side_only", () => {
  const events = [started(1), choice, answered, text(4, "One"), text(5, "Mine", { by: visitor }), text(6, "Two")];
  expect([0, 2, 4, 6].map((read) => unreadAfter(events, read))).toEqual([3, 2, 1, 0]);
});

test("p2_a_verdict_is_asked_for_once", () => {
  expect(rated([started(1)])).toBe(false);
  expect(rated([started(1), event(2, { type: "rated", score: 4 }, visitor)])).toBe(true);
});

test("v4_texts_of_one_person_that_follow_each_other_look_like_one_and_a_new_day_has_its_date", () => {
  const morning = new Date(2025, 11, 5, 9, 0).getTime();
  const at = (seq: number, minutes: number, by: Event["by"]) => ({
    ...text(seq, "Hi", { by }),
    at: morning + minutes * 60_000,
  });
  const bob = { kind: "agent", id: "bob", name: "Bob" } as const;
  const lines = timeline(
    [
      at(1, 0, janeWrites),
      at(2, 1, janeWrites),
      at(3, 2, bob),
      at(4, 2, visitor),
      at(5, 9, visitor),
      at(6, 1_441, visitor),
    ],
    [],
  );
  const onward = lines.map((line) => line.kind === "said" && line.onward === true);
  expect(onward).toEqual([false, true, false, false, false, false]);
  expect(lines.map((line, index) => newDay(line, lines[index - 1]))).toEqual([true, false, false, false, false, true]);
});
