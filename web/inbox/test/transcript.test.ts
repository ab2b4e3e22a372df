import { expect, test } from "vitest";
import { type Line, type Scene, transcript } from "../src/conversation/transcript.js";
import { BOT, conversation, event, JANE, NOON, READER, VISITOR } from "./scenes.js";

const jane = { id: "jane", name: "Jane" };

function lines(over: Partial<Scene> = {}): Line[] {
  return transcript({
    conversation: conversation(),
    events: [],
    unsent: [],
    me: jane,
    now: NOON,
    reader: READER,
    ...over,
  });
}

function words(line: Line): string {
  return line.kind === "message" || line.kind === "note" ? `${line.kind} ${line.name}: ${line.text}` : line.text;
}

test("r12_a_conversation_reads_as_speeches_and_sentences_in_order", () => {
  const events = [
    event(1, VISITOR, {
      type: "started",
      visitor: { id: "v_1" },
      playbook: { id: "pb", version: 1 },
      page: { url: "https://a.example/" },
      locale: "en",
    }),
    event(2, BOT, {
      type: "card",
      card: "hello",
      ask: { kind: "choice", options: [{ id: "talk", label: "Talk" }] },
      text: "Hi!",
      rich: [{ p: ["Hi!"] }],
    }),
    event(3, VISITOR, { type: "answer", card: "hello", option: "talk", label: "Talk" }),
    event(4, { kind: "system" }, { type: "waiting", wait_ms: 60_000, deadline: NOON + 64_000, card: "live" }),
    event(5, JANE, { type: "assigned", to: jane, from: null }),
    event(6, JANE, { type: "message", key: "k", text: "Hello" }),
    event(7, JANE, { type: "note", key: "n", text: "VIP" }),
    event(8, JANE, { type: "item", item: "i_1", kind: "lead", title: "Ada" }),
    event(9, { kind: "system" }, { type: "item", item: "i_1", kind: "lead", title: "Ada", external: { id: "7" } }),
    event(10, JANE, { type: "closed", reason: "agent" }),
  ];
  expect(lines({ events }).map(words)).toEqual([
    "Today",
    "Chat started on a.example/",
    "message Bot: Hi!",
    "message Visitor ef12: Talk",
    "The visitor asked for an agent",
    "Jane joined",
    "message Jane: Hello",
    "note Jane: VIP",
    "Lead created",
    "Closed by Jane",
  ]);
});

test("r15_a_question_that_was_skipped_says_so", () => {
  const events = [event(1, VISITOR, { type: "answer", card: "phone", label: "" })];
  expect(lines({ events }).map(words)).toEqual(["Today", "message Visitor ef12: (skipped)"]);
});

test("r12_own_messages_are_sent_then_received_then_seen", () => {
  const events = [3, 4, 5].map((seq) => event(seq, JANE, { type: "message", key: `k${seq}`, text: "x" }));
  const seen = { visitor: { received: 4, read: 3 }, agent: { received: 0, read: 0 } };
  const states = lines({ events, conversation: conversation({ seen }) }).flatMap((line) =>
    line.kind === "message" ? [line.delivery] : [],
  );
  expect(states).toEqual(["seen", "received", "sent"]);
});

test("r14_what_is_not_sent_yet_stands_last_and_says_why_it_failed", () => {
  const base = { conversation: "c_1", text: "Wait", madeAt: 1 };
  const unsent = [
    { ...base, key: "a", kind: "send", state: "sending" },
    { ...base, key: "b", kind: "note", state: "failed", error: "not yours" },
  ] as const;
  expect(lines({ unsent })).toMatchObject([
    { kind: "message", delivery: "sending", at: null, error: null },
    { kind: "note", delivery: "failed", error: "not yours" },
  ]);
});

test("r16_a_conversation_over_days_is_divided_by_them", () => {
  const late = event(2, VISITOR, { type: "message", text: "b" });
  const events = [
    { ...event(1, VISITOR, { type: "message", text: "a" }), at: NOON - 86_400_000 },
    { ...late, at: NOON },
  ];
  expect(lines({ events }).map((line) => line.kind)).toEqual(["day", "message", "day", "message"]);
});

test("r15_fields_filled_in_one_after_the_other_read_as_one_sentence", () => {
  const events = [
    event(1, JANE, { type: "details", changes: { deal: { value: 5 } } }),
    event(2, JANE, { type: "details", changes: { deal: { currency: "EUR" }, note: "x" } }),
    event(3, VISITOR, { type: "details", changes: { person: { name: "Ada" } } }),
  ];
  expect(lines({ events }).map(words)).toEqual([
    "Today",
    "Jane filled in the deal value, the currency and the note",
    "The visitor filled in the name",
  ]);
});
