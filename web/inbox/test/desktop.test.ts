import { expect, test } from "vitest";
import type { NotifyPush } from "../../client/src/index.js";
import { obstacle, plan, type Sight, watches } from "../src/notifications/desktop.js";

const push = (over: Partial<NotifyPush> = {}): NotifyPush => ({
  type: "notify",
  reason: "unassigned",
  conversation: "c_1",
  title: "Somebody waits",
  body: "",
  ring: true,
  ...over,
});

test("r17_one_device_rings_and_the_others_stay_silent", () => {
  expect(plan(push(), { permission: "granted", watched: false })).toBe("show");
  expect(plan(push({ ring: false }), { permission: "granted", watched: false })).toBe("hidden");
});

test("r17_a_message_that_is_being_read_needs_no_notification", () => {
  expect(plan(push({ reason: "message" }), { permission: "granted", watched: true })).toBe("hidden");
  expect(plan(push({ reason: "assigned" }), { permission: "granted", watched: true })).toBe("show");
});

test("r17_without_permission_the_receipt_says_blocked_and_the_inbox_says_why", () => {
  for (const permission of ["denied", "default", "unsupported"] as const) {
    expect(plan(push(), { permission, watched: false })).toBe("blocked");
  }
  expect(obstacle("denied")).toContain("blocks notifications");
  expect(obstacle("unsupported")).toContain("cannot show");
  expect(obstacle("granted")).toBeNull();
  expect(obstacle("default")).toBeNull();
});

test("r17_only_texts_before_the_agents_eyes_are_watched", () => {
  const sight: Sight = { shown: "c_1", visible: true, focused: true };
  expect(watches(sight, "c_1")).toBe(true);
  expect(watches(sight, "c_2")).toBe(false);
  // Selected, and saying no more than who has it.
  expect(watches({ ...sight, shown: null }, "c_1")).toBe(false);
  expect(watches({ ...sight, visible: false }, "c_1")).toBe(false);
  expect(watches({ ...sight, focused: false }, "c_1")).toBe(false);
});
