import { expect, test } from "vitest";
import {
  applyAtDesk,
  applyEvents,
  ClockOffset,
  ConversationLog,
  conversationFrom,
  type Event,
  InboxRows,
  isUnassigned,
} from "../src/index.js";
import { conversation, START, started, summary, text } from "./fake_hub.js";

function seqs(log: ConversationLog): number[] {
  return log.events.map((event) => event.seq);
}

test("d3_events_stand_in_order_each_once", () => {
  const log = new ConversationLog("c_1", "e1");
  log.push([text(2, "b"), text(3, "c")]);
  expect(log.push([text(3, "c"), text(5, "e")]).map((event) => event.seq)).toEqual([5]);
  expect(seqs(log)).toEqual([2, 3, 5]);
  expect(log.cursor).toBe(5);
});

test("p2_a_first_reply_moves_the_cursor_and_a_duplicate_one_does_not", () => {
  const log = new ConversationLog("c_1", "e1");
  log.push([text(1, "a")]);
  log.place(text(2, "mine"), false);
  expect(log.cursor).toBe(2);
  log.place(text(6, "mine too"), true);
  expect(log.cursor).toBe(2);
  log.push([text(4, "theirs"), text(6, "mine too")]);
  expect(seqs(log)).toEqual([1, 2, 4, 6]);
  expect(log.cursor).toBe(6);
});

test("p2_a_reset_replaces_everything", () => {
  const log = new ConversationLog("c_1", "e1");
  log.push([text(8, "old")]);
  log.reset("e2", [text(3, "new")], 4);
  expect(seqs(log)).toEqual([3]);
  expect([log.epoch, log.cursor, log.complete]).toEqual(["e2", 3, false]);
});

test("p2_history_goes_in_front_until_it_is_empty_or_the_beginning_is_here", () => {
  const log = new ConversationLog("c_1", "e1");
  log.push([text(9, "i")]);
  log.prepend([text(4, "d"), text(7, "g")]);
  expect(seqs(log)).toEqual([4, 7, 9]);
  expect(log.complete).toBe(false);
  log.prepend([started(1)]);
  expect(log.complete).toBe(true);
  expect(log.cursor).toBe(9);
  const other = new ConversationLog("c_2", "e1");
  other.prepend([]);
  expect(other.complete).toBe(true);
});

const bot = { kind: "bot" } as const;
const system = { kind: "system" } as const;
const jane = { id: "jane", name: "Jane" };

test("p2_the_fold_follows_the_states_of_the_protocol", () => {
  const first = started(1);
  if (first.type !== "started") throw new Error("not started");
  const walk = (events: Event[]) => applyEvents(conversationFrom("c_1", first), events);
  const waiting = { type: "waiting", seq: 3, at: 3, by: bot, wait_ms: 60_000, deadline: 60_003 } as Event;
  const missed = { type: "missed", seq: 4, at: 4, by: system, reason: "wait_expired" } as Event;
  const assigned = {
    type: "assigned",
    seq: 5,
    at: 5,
    by: { kind: "agent", id: "jane", name: "Jane" },
    to: jane,
    from: null,
  } as Event;
  const unassigned = {
    type: "unassigned",
    seq: 6,
    at: 6,
    by: { kind: "agent", id: "jane", name: "Jane" },
    from: jane,
  } as Event;
  const closed = {
    type: "closed",
    seq: 7,
    at: 7,
    by: { kind: "agent", id: "jane", name: "Jane" },
    reason: "agent",
  } as Event;
  expect(walk([])).toMatchObject({ state: "bot", seq: 1 });
  expect(walk([waiting])).toMatchObject({ state: "waiting", deadline: 60_003 });
  expect(walk([waiting, missed])).toMatchObject({ state: "offline", deadline: null, missed: "wait_expired" });
  expect(walk([waiting, missed, assigned])).toMatchObject({ state: "assigned", assignee: jane, deadline: null });
  expect(walk([waiting, assigned, unassigned])).toMatchObject({ state: "unassigned", assignee: null });
  expect(walk([waiting, assigned, unassigned, closed])).toMatchObject({ state: "closed", closed_at: 7, seq: 7 });
  expect(walk([assigned, waiting])).toMatchObject({ state: "assigned", seq: 5 });
});

test("p2_details_merge_by_field_and_items_appear_once", () => {
  const before = conversation({
    details: {
      claimed: ["person.email"],
      deal: {},
      person: { name: "Ada", email: "x@y.z", phone: "1" },
      organization: {},
    },
    items: [],
  });
  const by = { kind: "agent", id: "jane", name: "Jane" } as const;
  const after = (
    [
      { type: "details", seq: 2, at: 2, by, changes: { person: { email: "a@b.c", phone: null }, note: "hot" } },
      { type: "item", seq: 3, at: 3, by, item: "i_1", kind: "lead", title: "Ada" },
      { type: "item", seq: 4, at: 4, by: system, item: "i_1", kind: "lead", title: "Ada", external: { id: "77" } },
    ] as Event[]
  ).reduce(applyAtDesk, before);
  expect(after.details).toEqual({
    claimed: [],
    deal: {},
    person: { name: "Ada", email: "a@b.c" },
    organization: {},
    note: "hot",
  });
  expect(after.items).toEqual([{ item: "i_1", kind: "lead", title: "Ada", at: 3, external: { id: "77" } }]);
});

test("b2_an_erasure_leaves_nothing_of_the_visitor_in_the_row", () => {
  const before = conversation({
    visitor: { id: "v_1", name: "Ada", verified: true, connected: false },
    page: { url: "https://ada.example" },
    locale: "en",
    preview: "I am Ada",
    details: { claimed: ["person.email"], deal: {}, person: { name: "Ada", email: "a@b.c" }, organization: {} },
    items: [{ item: "i_1", kind: "lead", title: "Ada", at: 3, external: { id: "77" } }],
  });
  const changes = {
    deal: { value: null, currency: null, expected_close_date: null },
    person: { name: null, email: null, phone: null },
    organization: { name: null, address: null },
    note: null,
  };
  const after = applyAtDesk(before, { type: "details", seq: 2, at: 2, by: system, changes } as Event);
  expect(JSON.stringify(after)).not.toMatch(/Ada|ada|a@b\.c|77|v_1/);
  expect(after).toMatchObject({ id: before.id, seq: 2, visitor: { id: "v_erased", verified: false } });
  expect(after.items).toEqual([{ item: "i_1", kind: "lead", title: "[erased]", at: 3 }]);
});

test("p4_of_two_rows_the_later_position_counts_and_of_equal_ones_the_latest", () => {
  const rows = new InboxRows();
  rows.reset([summary("c_1", 5)]);
  expect(rows.upsert(summary("c_1", 4, { preview: "old" }))).toBe(false);
  expect(rows.upsert(summary("c_1", 5, { preview: "same" }))).toBe(true);
  expect(rows.get("c_1")?.preview).toBe("same");
  expect(rows.remove("c_1", 4)).toBe(false);
  expect(rows.remove("c_1", 6)).toBe(true);
  expect(rows.upsert(summary("c_1", 5))).toBe(false);
  expect(rows.get("c_1")).toBeUndefined();
  expect(rows.upsert(summary("c_1", 7, { state: "closed", closed_at: 9 }))).toBe(true);
  expect(rows.folder("closed", "jane").map((row) => row.id)).toEqual(["c_1"]);
});

test("p4_folders_are_views_of_the_rows", () => {
  const rows = new InboxRows();
  rows.reset([
    summary("late", 1, { created_at: 20 }),
    summary("early", 1, { created_at: 10, state: "offline", waiting_since: 10 }),
    summary("hidden", 1, { created_at: 5, state: "offline", missed: "not_installed" }),
    summary("mine", 1, { state: "assigned", assignee: jane }),
    summary("theirs", 1, { state: "assigned", assignee: { id: "bob", name: "Bob" } }),
  ]);
  expect(rows.folder("unassigned", "jane").map((row) => row.id)).toEqual(["early", "late"]);
  expect(rows.folder("mine", "jane").map((row) => row.id)).toEqual(["mine"]);
  rows.fold("mine", [text(2, "hello?", { by: { kind: "visitor" } })]);
  expect(rows.get("mine")).toMatchObject({ seq: 2, unread: 1, preview: "hello?" });
  rows.fold("mine", [text(2, "hello?", { by: { kind: "visitor" } })]);
  expect(rows.get("mine")?.unread).toBe(1);
});

test("p1_deadlines_are_read_by_the_hubs_clock", () => {
  let now = START;
  const clock = new ClockOffset(() => now);
  now += 200;
  clock.observe(START + 5_100, START, true);
  expect(clock.offset).toBe(5_000);
  expect(clock.left(START + 15_200)).toBe(10_000);
  expect(clock.left(START)).toBe(0);
  now += 1_000;
  clock.observe(START + 9_999, now - 900, false);
  expect(clock.offset).toBe(5_000);
  clock.observe(now + 4_000, now, false);
  expect(clock.offset).toBe(4_000);
});

test("r5_a_card_reached_while_the_playbook_was_not_installed_makes_no_wait_until_somebody_is_given_it", () => {
  const by = { kind: "system" } as const;
  const missed = { type: "missed", seq: 2, at: 2, by, reason: "not_installed", card: "live" } as Event;
  const bot = summary("c_1", 1, { state: "bot" });
  const hidden = applyAtDesk(bot, missed);
  expect(isUnassigned(hidden)).toBe(false);
  const given = applyAtDesk(hidden, { type: "assigned", seq: 3, at: 3, by, to: jane, from: null } as Event);
  const back = applyAtDesk(given, { type: "unassigned", seq: 4, at: 4, by, from: jane } as Event);
  expect([isUnassigned(back), back.waiting_since]).toEqual([true, 3]);
  expect(isUnassigned(applyAtDesk(bot, { ...missed, reason: "nobody_online" } as Event))).toBe(true);
});
