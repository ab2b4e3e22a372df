import { expect, test } from "vitest";
import { webStore } from "../../client/src/index.js";
import { TokenKeep } from "../src/session/token.js";
import { storageHere } from "../src/shell/storage.js";

test("p1_where_the_browser_forbids_storage_a_sign_in_lasts_as_long_as_the_page", () => {
  const storage = storageHere(() => {
    throw new DOMException("no", "SecurityError");
  });
  const keep = new TokenKeep(storage);
  keep.set("a.b.c");
  expect(keep.get()).toBe("a.b.c");
  const unsent = webStore(storage, "usher.unsent.");
  unsent.put({ key: "k", conversation: "c", kind: "send", text: "Hi", madeAt: 1, state: "pending" });
  expect(unsent.load().map(({ key }) => key)).toEqual(["k"]);
  unsent.remove("k");
  keep.set(null);
  expect([unsent.load().length, keep.get(), storage.length, storage.key(0)]).toEqual([0, null, 0, null]);
});
