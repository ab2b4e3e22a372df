import { expect, test } from "vitest";
import { visitorName } from "../src/list/row_marks.js";
import { initials } from "../src/shell/avatar.js";

test("i1_people_have_initials_and_nameless_visitors_the_end_of_their_id", () => {
  const nameless = (id: string) => initials(visitorName({ id, verified: false, connected: true }), id);
  expect(["v_abcdef12", "v_abcdEfGO", "v_abcdE-V3", "v_abcdEV3-", "v_abcd5_-_"].map(nameless)).toEqual([
    "12",
    "GO",
    "V3",
    "V3",
    "d5",
  ]);
  expect(initials("Ada Lovelace", "v_abcdef12")).toBe("AL");
  expect(initials("Ada King", "v_abcdef12")).toBe("AK");
  expect(initials("ada", "v_abcdef12")).toBe("A");
});
