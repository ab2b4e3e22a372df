import { expect, test } from "vitest";
import { HalfWritten } from "../src/conversation/half_written.svelte.js";
import { storageHere } from "../src/shell/storage.js";

const storage = () =>
  storageHere(() => {
    throw new Error("the page's own, for one test");
  });

test("i2_what_is_half_written_outlives_a_reload_for_each_chat_and_box", () => {
  const tab = storage();
  const before = new HalfWritten(tab, "jane");
  before.set("message", "c_1", "Hello");
  before.set("note", "c_1", "VIP");
  before.set("message", "c_2", "Gone");
  before.set("message", "c_2", "");
  const after = new HalfWritten(tab, "jane");
  expect([after.get("message", "c_1"), after.get("note", "c_1"), after.get("message", "c_2")]).toEqual([
    "Hello",
    "VIP",
    "",
  ]);
});

test("i2_what_is_half_written_goes_with_its_chat_and_is_nobody_elses", () => {
  const tab = storage();
  const jane = new HalfWritten(tab, "jane");
  jane.set("message", "c_1", "Hello");
  jane.set("note", "c_1", "VIP");
  jane.set("note", "c_2", "Stays");
  jane.forget("c_1");
  expect(JSON.stringify(tab.getItem("usher.half_written"))).not.toMatch(/Hello|VIP/);
  expect(new HalfWritten(tab, "bob").get("note", "c_2")).toBe("");
  jane.clear();
  expect(tab.length).toBe(0);
});

test("i2_a_storage_that_is_full_or_holds_rubbish_costs_the_reload_and_not_the_text", () => {
  const tab = storage();
  tab.setItem("usher.half_written", "rubbish");
  tab.setItem = () => {
    throw new Error("full");
  };
  const here = new HalfWritten(tab, "jane");
  here.set("message", "c_1", "Hello");
  expect(here.get("message", "c_1")).toBe("Hello");
});
