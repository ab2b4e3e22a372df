import { expect, test } from "vitest";
import { choices } from "../src/conversation/assignee_choices.js";
import { lostWords } from "../src/conversation/lost_words.js";
import { silence } from "../src/conversation/silence.js";
import { sentence } from "../src/conversation/wording.js";
import { conversation, event, JANE, NOON, VISITOR } from "./scenes.js";

const jane = { id: "jane", name: "Jane" };
const bob = { id: "bob", name: "Bob" };

test("r14_assignments_say_who_joined_and_how", () => {
  expect(sentence(event(1, JANE, { type: "assigned", to: jane, from: null }))).toBe("Jane joined");
  expect(sentence(event(1, JANE, { type: "assigned", to: bob, from: jane }))).toBe("Bob joined, assigned by Jane");
  expect(sentence(event(1, { kind: "agent", ...bob }, { type: "assigned", to: bob, from: jane }))).toBe(
    "Bob joined in place of Jane",
  );
  expect(sentence(event(1, JANE, { type: "unassigned", from: jane }))).toBe("Jane handed it back to Unassigned");
});

test("r6_every_reason_of_a_missed_chat_has_its_words", () => {
  const reasons = ["nobody_online", "wait_expired", "everyone_left", "not_installed"] as const;
  const told = reasons.map((reason) =>
    sentence(event(1, { kind: "system" }, { type: "missed", reason, card: "live" })),
  );
  expect(new Set(told).size).toBe(4);
  for (const words of told) expect(words).toMatch(/^Missed: /);
});

test("r15_changed_details_are_named", () => {
  const changes = { deal: { value: 5 }, person: { email: "a@b.example" }, note: "x" };
  expect(sentence(event(1, JANE, { type: "details", changes }))).toBe(
    "Jane filled in the deal value, the e-mail address and the note",
  );
  expect(sentence(event(1, VISITOR, { type: "details", changes: { person: { name: "Ada" } } }))).toBe(
    "The visitor filled in the name",
  );
  const cleared = { deal: { value: null }, person: { name: null }, organization: { name: null }, note: null };
  const vouched = { person: { name: "Ada" } };
  expect(sentence(event(3, { kind: "system" }, { type: "details", changes: vouched }))).toBe(
    "The hub filled in the name",
  );
  expect(sentence(event(2, { kind: "system" }, { type: "details", changes: cleared }))).toBe("The visitor was erased");
});

test("r18_a_failed_hand_over_is_told_in_the_conversation", () => {
  const failed = event(1, { kind: "system" }, { type: "item_failed", item: "i_1", kind: "deal", message: "no answer" });
  expect(sentence(failed)).toBe("Deal could not be handed on: no answer");
  const item = { type: "item", item: "i_1", kind: "deal", title: "A deal" } as const;
  expect(sentence(event(2, { kind: "system" }, item))).toBe("Deal was handed on");
});

test("r13_losing_sight_is_explained", () => {
  expect(lostWords(bob, "Bob", null).title).toBe("Bob took it first");
  expect(lostWords(bob, null, null).title).toBe("Bob has it now");
  expect(lostWords(bob, null, null).text).not.toContain("You handed");
  expect(lostWords(bob, null, "bob").text).toMatch(/^You handed it to Bob\. An assigned/);
  // Handed to Carl, who gave it to Bob.
  expect(lostWords(bob, null, "carl").text).not.toContain("You handed");
  expect(lostWords(null, null, null).title).toBe("Not yours to see any more");
});

test("r16_who_cannot_write_is_told_why", () => {
  expect(silence(conversation({ state: "assigned", assignee: jane }), "jane", NOON)).toBeNull();
  expect(silence(conversation({ state: "assigned", assignee: jane }), "bob", NOON)).toBe("Jane has this conversation.");
  const closed = conversation({ state: "closed", closed_at: NOON });
  expect(silence(closed, "jane", NOON)).toMatch(/^Closed \d\d:\d\d\. /);
  expect(silence(closed, "jane", NOON + 3 * 86_400_000)).toMatch(/^Closed 2[34] Nov, \d\d:\d\d\. |^Closed Nov 2[34], /);
  expect(silence(conversation(), "jane", NOON)).toBe("Assign it to yourself to answer.");
});

test("r14_the_assignee_list_shows_presence_and_allows_what_the_hub_allows", () => {
  const agents = [
    { ...bob, status: "offline" },
    { ...jane, status: "online" },
  ] as const;
  const list = (over: Parameters<typeof conversation>[0], role: "agent" | "admin" = "agent") =>
    choices(conversation(over), agents, { id: "jane", role }).map((one) => [one.text, one.allowed]);
  expect(list({})).toEqual([
    ["Unassigned", true],
    ["Jane (online)", true],
    ["Bob (offline)", false],
  ]);
  expect(list({ state: "assigned", assignee: jane }).every(([, allowed]) => allowed)).toBe(true);
  expect(list({}, "admin").every(([, allowed]) => allowed)).toBe(true);
  expect(list({ state: "assigned", assignee: { id: "gone", name: "Gone" } }).at(-1)).toEqual(["Gone (offline)", true]);
});
