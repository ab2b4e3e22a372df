import { afterEach, expect, test } from "vitest";
import type { Playbook } from "../../client/src/index.js";
import { faultWords, fieldName } from "../src/playbooks/fault_words.js";
import { isIn, standing, touched } from "../src/playbooks/touched.js";
import { isUnread, secondsOf, waitOf } from "../src/playbooks/waits.js";
import type { Fault } from "../src/rest/rest.js";
import { speak } from "../src/words/words.js";
import { demo } from "./demo.js";

afterEach(() => speak(["en"]));

const fault = (card: string | null, field: string | null): Fault => ({ card, field, message: "as the hub says it" });

function with_(change: (playbook: Playbook) => void): Playbook {
  const playbook = demo();
  change(playbook);
  return playbook;
}

test("i5_a_change_knows_what_it_touched", () => {
  const paths = (change: (playbook: Playbook) => void) =>
    touched(demo(), with_(change)).map(({ card, field, typed }) => [card, field, typed]);
  expect(paths(() => {})).toEqual([]);
  expect(paths((one) => Object.assign(one.appearance, { bot_name: "B" }))).toEqual([
    [null, "appearance.bot_name", true],
  ]);
  expect(paths((one) => Object.assign(one.cards.live ?? {}, { wait_ms: 1 }))).toEqual([["live", "wait_ms", true]]);
  expect(paths((one) => Object.assign(one, { active: false }))).toEqual([[null, "active", false]]);
  expect(paths((one) => Object.assign(one, { origins: ["https://a.example"] }))).toEqual([[null, "origins", true]]);
  expect(
    paths((one) => {
      if (one.cards.hello?.kind === "choice") one.cards.hello.options[1] = { id: "look", label: "L", next: "live" };
    }),
  ).toEqual([
    ["hello", "options[1].label", true],
    ["hello", "options[1].next", true],
  ]);
  expect(
    paths((one) => {
      if (one.cards.hello?.kind === "choice") one.cards.hello.options.pop();
      delete one.cards.bye;
    }),
  ).toEqual([
    ["hello", "options", false],
    ["bye", null, false],
  ]);
});

test("i5_a_fault_goes_when_its_field_changes_and_no_other_does", () => {
  const faults = [
    fault(null, "appearance.bot_name"),
    fault("live", "wait_ms"),
    fault("hello", "options[1].label"),
    fault("email", "next"),
    fault("bye", null),
  ];
  const left = (change: (playbook: Playbook) => void) =>
    standing(faults, touched(demo(), with_(change))).map(({ card, field }) => [card, field]);
  expect(left((one) => Object.assign(one.appearance, { bot_name: "B" }))).toEqual([
    ["live", "wait_ms"],
    ["hello", "options[1].label"],
    ["email", "next"],
    ["bye", null],
  ]);
  // A way on that leads elsewhere may have mended any path.
  expect(left((one) => Object.assign(one.cards.live ?? {}, { offline: "bye" }))).toEqual([
    [null, "appearance.bot_name"],
    ["live", "wait_ms"],
    ["hello", "options[1].label"],
  ]);
  expect([isIn("create[1]", "create[1].title"), isIn("create[1]", "create[10].title")]).toEqual([true, false]);
});

test("i5_a_fault_is_told_in_the_readers_language_where_its_field_says_enough", async () => {
  const bad = with_((one) => {
    one.appearance.bot_name = " ";
    one.origins = ["https://shop.example/", "shop"];
    one.open_after_ms = waitOf("soon");
    if (one.cards.email?.kind === "capture") one.cards.email.next = "gone";
  });
  const told = (card: string | null, field: string | null) => {
    const one = fault(card, field);
    return [fieldName(one, bad), faultWords(one, bad)];
  };
  expect(told(null, "appearance.bot_name")).toEqual(["Bot name", "must not be empty"]);
  expect(told(null, "origins[0]")[1]).toBe("“https://shop.example/” is no origin like https://shop.example");
  expect(told(null, "origins[1]")[1]).toBe("“shop” is no origin like https://www.example.com");
  expect(told(null, "open_after_ms")[1]).toBe("must be a number of seconds, like 60");
  expect(told("live", "wait_ms")).toEqual(["Wait time", "must be 10 seconds to an hour"]);
  expect(told("email", "next")).toEqual(["Then", "leads to no card"]);
  expect(told("hello", "options[0].next")[0]).toBe("Answer 1 leads to");
  await speak(["nl"]);
  expect(told(null, "appearance.bot_name")).toEqual(["Naam van de bot", "mag niet leeg zijn"]);
  // What cannot be told from the field is the hub's to say.
  expect(told(null, "appearance.icon")[1]).toBe("as the hub says it");
  expect(told("hello", "options[0].label")[1]).toBe("as the hub says it");
  expect(told("nobody", "text")[1]).toBe("as the hub says it");
});

test("i5_seconds_are_typed_and_milliseconds_sent_and_what_is_neither_is_kept", () => {
  expect(["60", "7,5", "10.25", "5 s", "2 min", "0"].map(waitOf)).toEqual([60_000, 7_500, 10_250, 5_000, 120_000, 0]);
  for (const text of ["x", "-1", "", "5 x", "1e3", "5 constructor"]) {
    expect([isUnread(waitOf(text)), secondsOf(waitOf(text))]).toEqual([true, text]);
  }
  expect([isUnread(null), isUnread(0)]).toEqual([false, false]);
});
