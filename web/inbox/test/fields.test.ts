import { expect, test } from "vitest";
import { badWords, entered, type Field, GROUPS, isClaimed, pathsOf, shown } from "../src/panel/fields.js";
import { itemTitle } from "../src/panel/item_title.js";
import { speak } from "../src/words/words.js";
import { conversation, details } from "./scenes.js";

function field(path: string): Field {
  const found = GROUPS.flatMap((group) => group.fields).find((one) => one.path === path);
  if (found === undefined) throw new Error(path);
  return found;
}

const changes = (path: string, text: string) => {
  const entry = entered(field(path), text);
  return "changes" in entry ? entry.changes : entry.error;
};

test("r15_a_field_left_is_stored_as_the_protocol_wants_it", () => {
  expect(changes("deal.currency", " eur ")).toEqual({ deal: { currency: "EUR" } });
  expect(changes("person.email", "ada@a.example ")).toEqual({ person: { email: "ada@a.example" } });
  expect(changes("note", "two\nlines\n")).toEqual({ note: "two\nlines" });
  expect(changes("organization.name", "")).toEqual({ organization: { name: null } });
});

test("r15_amounts_are_read_as_people_write_them", () => {
  const values = ["1200", "1,200.50", "1.200,50", "1 200", "0.5", "12,5", "1.234.567,8"].map((text) =>
    changes("deal.value", text),
  );
  expect(values).toEqual([1200, 1200.5, 1200.5, 1200, 0.5, 12.5, 1_234_567.8].map((value) => ({ deal: { value } })));
  for (const wrong of ["-5", "five", "1.2.3", "1e9", "0.125", "12.345,678", "1,234.567.890", "1.234.56"]) {
    expect(changes("deal.value", wrong)).toBe("Please enter a number, 0 or more, with at most two decimals.");
  }
});

test("i8_what_the_hub_refuses_in_a_field_is_told_in_the_agents_language", async () => {
  const words = () => GROUPS.flatMap((group) => group.fields).map(badWords);
  expect(badWords(field("person.email"))).toBe("Please enter a valid e-mail address.");
  const english = words();
  await speak(["nl"]);
  const dutch = words();
  await speak(["en"]);
  expect(dutch.filter((text) => english.includes(text))).toEqual([]);
  expect([...english, ...dutch].filter((text) => /\w\.\w/.test(text))).toEqual([]);
});

test("r15_what_is_stored_is_shown_and_claims_are_marked", () => {
  const stored = details({ deal: { value: 0 }, person: { email: "a@b.example" }, claimed: ["person.email"] });
  expect(["deal.value", "person.email", "person.name", "note"].map((path) => shown(stored, path))).toEqual([
    "0",
    "a@b.example",
    "",
    "",
  ]);
  expect(isClaimed(stored, "person.email")).toBe(true);
  expect(isClaimed(stored, "deal.value")).toBe(false);
  expect(pathsOf({ deal: { value: 0 }, person: { name: null }, note: "x" })).toEqual([
    "deal.value",
    "person.name",
    "note",
  ]);
});

test("r15_an_item_made_in_one_click_is_named_after_whom_it_is_about", () => {
  expect(itemTitle("lead", conversation())).toBe("Visitor ef12");
  expect(itemTitle("lead", conversation({ details: details({ person: { email: "a@b.example" } }) }))).toBe(
    "a@b.example",
  );
  const engines = details({ person: { name: "Ada" }, organization: { name: "Engines" } });
  expect(itemTitle("deal", conversation({ details: engines }))).toBe("Engines, Ada");
  expect(itemTitle("activity", conversation({ details: engines }))).toBe("Follow up with Engines, Ada");
  const hebrew = conversation({ details: details({ person: { name: "עדה" } }) });
  expect(itemTitle("activity", hebrew)).toBe("Follow up with עדה");
});
