import { expect, test } from "vitest";
import { folderOf, marks, neighbour, pageName, visitorName } from "../src/list/row_marks.js";
import { NOON, row } from "./scenes.js";

const texts = (over: Parameters<typeof row>[0], later = 42_000) =>
  marks(row(over), NOON + later).map((mark) => mark.text);
const gone = { id: "v_1", verified: false, connected: false };

test("r9_a_waiting_row_counts_and_a_missed_one_says_whether_a_rescue_is_possible", () => {
  expect(texts({})).toEqual(["Waiting 0:42"]);
  expect(texts({ visitor: gone })).toEqual(["Waiting 0:42", "Visitor left"]);
  expect(texts({ state: "offline", missed: "wait_expired" })).toEqual(["Missed", "Rescue possible", "0:42"]);
  expect(texts({ state: "offline", missed: "wait_expired", visitor: gone })).toEqual([
    "Missed",
    "Visitor left",
    "0:42",
  ]);
});

test("r16_a_closed_row_has_the_time_of_closing_and_the_day_when_it_is_another", () => {
  const closed = { state: "closed", closed_at: NOON } as const;
  expect(texts(closed)[0]).toMatch(/^Closed \d\d:\d\d$/);
  expect(texts(closed, 3 * 86_400_000)[0]).toMatch(/^Closed .*Nov.* \d\d:\d\d$/);
});

test("r14_a_row_given_back_says_so", () => {
  expect(texts({ state: "unassigned" })).toEqual(["Handed back", "0:42"]);
  expect(texts({ state: "assigned", assignee: { id: "jane", name: "Jane" } })).toEqual([]);
});

test("r11_a_row_is_found_in_the_folder_of_its_state", () => {
  const jane = { id: "jane", name: "Jane" };
  expect(folderOf(row(), "jane")).toBe("unassigned");
  expect(folderOf(row({ state: "assigned", assignee: jane }), "jane")).toBe("mine");
  expect(folderOf(row({ state: "assigned", assignee: jane }), "bob")).toBe("all");
  expect(folderOf(row({ state: "closed" }), "jane")).toBe("closed");
  expect(folderOf(row({ state: "offline", missed: "wait_expired" }), "jane")).toBe("unassigned");
  const hidden = row({ state: "offline", missed: "not_installed", waiting_since: undefined });
  expect(folderOf(hidden, "jane")).toBe("all");
});

test("r10_arrow_keys_walk_the_list_and_stop_at_its_ends", () => {
  const rows = ["a", "b", "c"].map((id) => row({ id }));
  expect(neighbour(rows, null, 1)?.id).toBe("a");
  expect(neighbour(rows, "a", 1)?.id).toBe("b");
  expect(neighbour(rows, "c", 1)?.id).toBe("c");
  expect(neighbour(rows, "a", -1)?.id).toBe("a");
  expect(neighbour([], null, 1)).toBeUndefined();
});

test("r11_nameless_visitors_and_untitled_pages_still_have_a_name", () => {
  expect(visitorName({ id: "v_abcdef12", verified: false, connected: true })).toBe("Visitor ef12");
  expect(visitorName({ id: "v_1", name: "Ada", verified: false, connected: true })).toBe("Ada");
  expect(pageName({ url: "https://shop.example/prices", title: " " })).toBe("shop.example/prices");
  expect(pageName({ url: "https://shop.example/prices", title: "Prices" })).toBe("Prices");
  expect(pageName(null)).toBeNull();
});
