import { expect, test } from "vitest";
import type { Playbook } from "../../client/src/index.js";
import { insert, remove, removeOption, rename } from "../src/playbooks/edit.js";
import { richOf } from "../src/playbooks/markdown.js";
import { marked } from "../src/playbooks/marking.js";
import { outline } from "../src/playbooks/outline.js";
import { answered, walkFrom } from "../src/playbooks/walk.js";
import { demo } from "./demo.js";

const lines = (playbook: Playbook) => outline(playbook).map(({ depth, card, kind }) => [depth, card, kind]);

test("i5_the_outline_shows_every_card_once_and_where_paths_meet_again", () => {
  expect(lines(demo())).toEqual([
    [0, "hello", "card"],
    [1, "live", "card"],
    [2, "email", "card"],
    [2, "bye", "card"],
    [1, "bye", "again"],
  ]);
  const keys = outline(demo()).map(({ key }) => key);
  expect(new Set(keys).size).toBe(keys.length);
});

test("i5_cards_nothing_leads_to_and_ways_that_lead_nowhere_are_shown", () => {
  const broken = demo();
  broken.cards.email = { kind: "capture", text: "Where?", field: "email", required: true, next: "gone" };
  broken.cards.stray = { kind: "message", text: "x", next: "bye" };
  expect(lines(broken).slice(2)).toEqual([
    [2, "email", "card"],
    [2, "gone", "missing"],
    [1, "bye", "card"],
    [0, "stray", "stray"],
    [0, "bye", "again"],
  ]);
});

test("i5_a_circle_does_not_hang_the_outline_or_the_preview", () => {
  const round = demo();
  round.cards = { a: { kind: "message", text: "a", next: "b" }, b: { kind: "message", text: "b", next: "a" } };
  round.start = "a";
  expect(lines(round)).toEqual([
    [0, "a", "card"],
    [0, "b", "card"],
    [0, "a", "again"],
  ]);
  expect(walkFrom(round, "a", true).end).toBe("circle");
});

test("i5_a_card_is_put_on_a_way_and_leads_on_to_where_that_led", () => {
  const { playbook, card } = insert(demo(), { card: "hello", field: "options[1].next" }, "message");
  expect(card).toBe("message");
  expect(playbook.cards.message).toEqual({ kind: "message", text: "", next: "bye" });
  expect(lines(playbook).at(-2)).toEqual([1, "message", "card"]);
  const first = insert(playbook, null, "message");
  expect([first.card, first.playbook.start]).toEqual(["message-2", "message-2"]);
  expect(first.playbook.cards["message-2"]).toMatchObject({ next: "hello" });
});

test("i5_taking_a_card_out_joins_its_ends_and_takes_along_what_only_it_led_to", () => {
  const without = remove(demo(), "email").playbook;
  expect(without.cards.live).toMatchObject({ offline: "bye" });
  const shorter = remove(demo(), "hello");
  expect(shorter.playbook.start).toBe("live");
  expect(Object.keys(shorter.playbook.cards)).toEqual(["live", "email", "bye"]);
  const end = remove(demo(), "bye").playbook;
  expect(end.cards.email).toMatchObject({ next: "" });
  // What was stray before stays: nobody asked for it to go.
  const stray = demo();
  stray.cards.stray = { kind: "disqualify", text: "x", create: [] };
  expect(Object.keys(remove(stray, "email").playbook.cards)).toContain("stray");
});

test("i5_an_answer_taken_out_takes_along_what_only_it_led_to", () => {
  const { playbook, card } = removeOption(demo(), "hello", 0);
  expect(card).toBe("hello");
  expect(playbook.cards.hello).toMatchObject({ options: [{ id: "look" }] });
  // The end is the other answer's as well.
  expect(Object.keys(playbook.cards)).toEqual(["hello", "bye"]);
  expect(Object.keys(removeOption(demo(), "hello", 1).playbook.cards)).toEqual(["hello", "live", "email", "bye"]);
});

test("i5_a_card_gets_another_name_everywhere_or_not_at_all", () => {
  const renamed = rename(demo(), "bye", "end");
  expect(renamed?.cards.email).toMatchObject({ next: "end" });
  expect(renamed?.cards.hello).toMatchObject({ options: [{ next: "live" }, { next: "end" }] });
  expect(rename(demo(), "hello", "hi")?.start).toBe("hi");
  expect(rename(demo(), "bye", "email")).toBeNull();
  expect(rename(demo(), "bye", "")).toBeNull();
});

test("i5_the_toolbar_puts_marks_around_a_selection_and_takes_them_off", () => {
  expect(marked("say hello now", 4, 9, "bold")).toEqual({ text: "say **hello** now", from: 6, to: 11 });
  expect(marked("say **hello** now", 6, 11, "bold")).toEqual({ text: "say hello now", from: 4, to: 9 });
  expect(marked("**x**", 2, 3, "italic").text).toBe("***x***");
  expect(marked("see us", 4, 6, "link")).toEqual({ text: "see [us](https://)", from: 9, to: 17 });
  expect(marked("a\nb", 0, 3, "list").text).toBe("- a\n- b");
  expect(marked("- a\n- b", 0, 7, "list").text).toBe("a\nb");
});

test("i5_the_preview_reads_markdown_as_the_hub_does", () => {
  expect(
    richOf(
      "**One** *moment*, see [us](https://a.example/x) or <ada@b.example>.\n\n- a\n- **b**\n\n![cat](https://a.example/c.png)",
    ),
  ).toEqual([
    {
      p: [
        { b: ["One"] },
        " ",
        { i: ["moment"] },
        ", see ",
        { a: "https://a.example/x", c: ["us"] },
        " or ",
        { a: "mailto:ada@b.example", c: ["ada@b.example"] },
        ".",
      ],
    },
    { ul: [["a"], [{ b: ["b"] }]] },
    { p: [{ img: "https://a.example/c.png", alt: "cat" }] },
  ]);
  expect(richOf("# Head\ntext")).toEqual([{ p: ["Head"] }, { p: ["text"] }]);
  expect(richOf("a <b onclick=x>c</b>")).toEqual([{ p: ["a <b onclick=x>c</b>"] }]);
  expect(richOf("[click](javascript:alert) ![see](http://a.example/c.png)")).toEqual([{ p: ["click see"] }]);
  expect(richOf("2 * 3 * 4 and snake_case_name")).toEqual([{ p: ["2 * 3 * 4 and snake_case_name"] }]);
});

test("i5_the_preview_walks_as_a_visitor_would", () => {
  const asked = walkFrom(demo(), "hello", true);
  expect(asked.at).toEqual({ card: "hello", ask: "choice" });
  const waits = answered(demo(), asked, "Talk", "live", true);
  expect(waits.at).toEqual({ card: "live", ask: "wait" });
  const offline = answered(demo(), asked, "Talk", "live", false);
  expect(offline.at).toEqual({ card: "email", ask: "capture" });
  expect(offline.said.map((line) => (line.by === "bot" ? line.card : line.text))).toEqual([
    "hello",
    "Talk",
    "live",
    "email",
  ]);
  expect(answered(demo(), offline, "a@b.example", "bye", false).end).toBe("disqualify");
});
