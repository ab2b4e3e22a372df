import { afterEach, expect, test, vi } from "vitest";
import { answerCalls, queue } from "../src/calls.js";
import { pageMemory } from "../src/chat/memory.js";
import { currentPage } from "../src/chat/page.js";
import type { Verbs } from "../src/contract.js";

afterEach(() => {
  vi.unstubAllGlobals();
});

function verbs(called: unknown[][]): Verbs {
  const verb =
    (name: string) =>
    (...values: unknown[]) =>
      void called.push([name, ...values]);
  return {
    open: verb("open"),
    close: verb("close"),
    identify: verb("identify"),
    on: verb("on"),
    start: verb("start"),
    shutdown: verb("shutdown"),
  };
}

/** A browser's storage, as far as it is used: its names are its own enumerable properties. */
function storage(): Storage {
  const kept: Record<string, string> = {};
  const methods = {
    getItem: (name: string) => kept[name] ?? null,
    setItem: (name: string, value: string) => {
      kept[name] = value;
    },
    removeItem: (name: string) => {
      delete kept[name];
    },
  };
  return Object.setPrototypeOf(kept, methods) as Storage;
}

test("v6_calls_made_before_the_script_has_loaded_are_made_then_and_later_ones_at_once", () => {
  const page: { Usher?: unknown } = { Usher: [["identify", "jwt"], ["open"], ["nonsense"], ["__proto__"]] };
  vi.stubGlobal("window", page);
  const called: unknown[][] = [];
  const waiting = queue();
  answerCalls(verbs(called), waiting ?? []);
  expect(called).toEqual([["identify", "jwt"], ["open"]]);
  // A second script on the page finds the place taken.
  expect(queue()).toBeUndefined();
  const usher = page.Usher as Verbs & { push(...calls: unknown[][]): void };
  usher.close();
  usher.push(["start"]);
  expect(called.slice(2)).toEqual([["close"], ["start"]]);
});

test("v1_the_widget_keeps_to_its_own_names_in_the_pages_storage", () => {
  const localStorage = storage();
  localStorage.setItem("basket", "3 lamps");
  vi.stubGlobal("window", { localStorage });
  const memory = pageMemory("usher:hub:");
  memory.set("token", "t");
  memory.set("read", "c_1:2");
  expect([memory.get("token"), memory.names()]).toEqual(["t", ["token", "read"]]);
  expect(localStorage.getItem("usher:hub:token")).toBe("t");
  for (const name of memory.names()) memory.set(name, null);
  expect(Object.keys(localStorage)).toEqual(["basket"]);
});

test("v1_a_forbidden_storage_remembers_nothing_and_breaks_nothing", () => {
  vi.stubGlobal("window", {
    get localStorage(): Storage {
      throw new DOMException("denied", "SecurityError");
    },
  });
  const memory = pageMemory("usher:hub:");
  memory.set("token", "t");
  expect([memory.get("token"), memory.names()]).toEqual([null, []]);
});

test("p3_a_page_is_told_within_the_hubs_limits", () => {
  const at = (href: string, title = "", referrer = "") => {
    vi.stubGlobal("location", { href });
    vi.stubGlobal("document", { referrer });
    return currentPage(title);
  };
  expect(at("https://shop.example/lamps", "Lamps", "https://search.example/")).toEqual({
    url: "https://shop.example/lamps",
    title: "Lamps",
    referrer: "https://search.example/",
  });
  expect(at("file:///home/ada/page.html")).toBeUndefined();
  const long = at(
    `https://shop.example/${"x".repeat(4_000)}`,
    "x".repeat(2_000),
    `https://a.example/${"y".repeat(4_000)}`,
  );
  expect([long?.url.length, long?.title?.length, long?.referrer?.length]).toEqual([2_048, 256, 2_048]);
});
