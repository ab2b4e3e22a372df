import { expect, test } from "vitest";
import type { Event, OutboxEntry } from "../../client/src/index.js";
import { started, text } from "../../client/test/fake_hub.js";
import { openQuestion, rated, timeline } from "../src/panel/timeline.js";
import { stopWords, words } from "../src/panel/words.js";
import { unreadAfter } from "../src/talk/spoken.js";

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
  const expected = ["Hi!", "> Talk", words.joined("Jane"), "Hello", "> Hi Jane", words.left("Jane"), words.abandoned];
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
  expect(timeline([started(1)], [failed])).toMatchObject([{ fate: "failed", error: "too long" }]);
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
  expect(said(timeline([skipped], []))).toEqual([`> ${words.skipped}`]);
});

test("p3_unread_counts_the_other_side_only", () => {
  const events = [started(1), choice, answered, text(4, "One"), text(5, "Mine", { by: visitor }), text(6, "Two")];
  expect([0, 2, 4, 6].map((read) => unreadAfter(events, read))).toEqual([3, 2, 1, 0]);
});

test("p2_a_verdict_is_asked_for_once", () => {
  expect(rated([started(1)])).toBe(false);
  expect(rated([started(1), event(2, { type: "rated", score: 4 }, visitor)])).toBe(true);
});

test("r9_the_place_in_the_queue_is_told_in_words", () => {
  expect([words.place(1), words.place(3)]).toEqual(["You are next.", "You are number 3 in the queue."]);
});

test("p1_every_code_that_says_stop_has_words_of_its_own", () => {
  const said = [4500, 4502, 4503, 4504, 4505, 1008].map(stopWords);
  expect(new Set(said).size).toBe(said.length);
});
