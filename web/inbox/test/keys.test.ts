import { expect, test } from "vitest";
import { hashOf, placeOf } from "../src/shell/place.svelte.js";
import { actOf, type Press } from "../src/shortcuts/keys.js";

const press = (key: string, over: Partial<Press> = {}): Press => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  ...over,
});

test("i1_letters_and_arrows_go_through_the_list_and_take_a_chat", () => {
  expect(["j", "k", "a", "m", "e", "/", "?"].map((key) => actOf(press(key), "free", true))).toEqual([
    "next",
    "previous",
    "claim",
    "compose",
    "close",
    "search",
    "help",
  ]);
  expect(actOf(press("ArrowDown"), "free", false)).toBe("next");
});

test("i1_letters_are_no_shortcuts_where_somebody_writes_or_has_switched_them_off", () => {
  expect(actOf(press("a"), "text", true)).toBeNull();
  expect(actOf(press("a"), "free", false)).toBeNull();
  expect(actOf(press("a", { ctrlKey: true }), "free", true)).toBeNull();
  expect(actOf(press("Escape"), "busy", true)).toBeNull();
  expect(actOf(press("Escape"), "text", true)).toBe("back");
  expect(actOf(press("ArrowDown", { altKey: true }), "text", true)).toBe("next");
  // The arrows scroll what is being read.
  expect(actOf(press("ArrowDown"), "log", true)).toBeNull();
});

test("i2_every_place_has_an_address_and_a_strange_one_is_the_inbox", () => {
  for (const hash of ["", "#/c/c_1", "#/playbooks", "#/playbooks/pb%2Fx", "#/team", "#/items"]) {
    expect(hashOf(placeOf(hash))).toBe(hash);
  }
  expect(placeOf("#token=a.b.c")).toEqual({ view: "inbox", conversation: null });
  expect(placeOf("#/c/%E0%A4%A")).toEqual({ view: "inbox", conversation: null });
});
