import { expect, test } from "vitest";
import { changesOf } from "../src/panel/changes.js";
import { event, JANE, NOON, VISITOR } from "./scenes.js";

const ANNA = { kind: "agent", id: "anna", name: "Anna" } as const;

test("i3_a_field_shows_who_else_changed_it_last", () => {
  const changes = changesOf(
    [
      event(1, VISITOR, { type: "details", changes: { person: { email: "a@b.example" } } }),
      event(2, ANNA, { type: "details", changes: { deal: { value: 5, currency: "EUR" }, note: "x" } }),
      event(3, JANE, { type: "details", changes: { deal: { value: 6 } } }),
    ],
    "jane",
  );
  expect([...changes.keys()]).toEqual(["deal.currency", "note"]);
  expect(changes.get("note")).toEqual({ name: "Anna", at: NOON + 2_000 });
});
