import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type OkReply, Outbox, type OutboxEntry, Refusal, type StorageLike, webStore } from "../src/index.js";
import type { Committed } from "../src/outbox.js";
import { FakeHub, START } from "./fake_hub.js";

class FakeStorage implements StorageLike {
  readonly #items = new Map<string, string>();
  get length(): number {
    return this.#items.size;
  }
  key(index: number): string | null {
    return [...this.#items.keys()][index] ?? null;
  }
  getItem(name: string): string | null {
    return this.#items.get(name) ?? null;
  }
  setItem(name: string, value: string): void {
    this.#items.set(name, value);
  }
  removeItem(name: string): void {
    this.#items.delete(name);
  }
}

interface Attempt {
  entry: OutboxEntry;
  ok(how: Committed): void;
  no(refusal: Refusal): void;
}

let hub: FakeHub;
let storage: FakeStorage;
let attempts: Attempt[];
let committed: string[];

function outbox(): Outbox {
  return new Outbox({
    env: hub.env,
    store: webStore(storage, "out:"),
    deliver: (entry, done) =>
      new Promise<OkReply>((resolve, reject) => {
        attempts.push({
          entry,
          ok: (how) => {
            done(how);
            resolve({} as OkReply);
          },
          no: reject,
        });
      }),
    onCommitted: (entry) => committed.push(entry.key),
  });
}

beforeEach(() => {
  vi.useFakeTimers({ now: START });
  hub = new FakeHub();
  storage = new FakeStorage();
  attempts = [];
  committed = [];
});

afterEach(() => {
  vi.useRealTimers();
});

const taken = { seq: 9, at: START, duplicate: false };

test("p2_texts_go_out_in_order_one_at_a_time_in_a_conversation", async () => {
  const box = outbox();
  box.resume();
  box.add("c_1", "send", "one");
  box.add("c_1", "send", "two");
  box.add("c_2", "send", "elsewhere");
  expect(attempts.map((attempt) => attempt.entry.text)).toEqual(["one", "elsewhere"]);
  attempts[0]?.ok(taken);
  await hub.pass();
  expect(attempts.map((attempt) => attempt.entry.text)).toEqual(["one", "elsewhere", "two"]);
  expect(box.entries.value.map((entry) => entry.text)).toEqual(["two", "elsewhere"]);
});

test("d2_what_was_in_flight_is_sent_again_with_its_key_after_a_reconnect", async () => {
  const box = outbox();
  box.resume();
  box.add("c_1", "send", "one");
  box.add("c_1", "send", "two");
  box.pause();
  attempts[0]?.no(new Refusal("disconnected"));
  await hub.pass();
  expect(box.entries.value.map((entry) => entry.state)).toEqual(["pending", "pending"]);
  box.resume();
  attempts[1]?.ok({ ...taken, duplicate: true });
  await hub.pass();
  expect(attempts.map((attempt) => attempt.entry.key)).toEqual(["key-1", "key-1", "key-2"]);
  expect(committed).toEqual(["key-1"]);
});

test("p6_retry_after_ms_is_respected_and_nothing_overtakes", async () => {
  const box = outbox();
  box.resume();
  box.add("c_1", "send", "one");
  box.add("c_1", "send", "two");
  attempts[0]?.no(new Refusal("rate_limited", { retry_after_ms: 700 }));
  await hub.pass(699);
  expect(attempts).toHaveLength(1);
  await hub.pass(1);
  expect(attempts[1]?.entry).toMatchObject({ key: "key-1", text: "one" });
});

test("p6_a_final_refusal_fails_the_text_and_lets_the_next_go", async () => {
  const box = outbox();
  box.resume();
  box.add("c_1", "send", "too long");
  box.add("c_1", "send", "short");
  attempts[0]?.no(new Refusal("too_large", { message: "The text is too long." }));
  await hub.pass();
  expect(box.entries.value[0]).toMatchObject({ state: "failed", error: "The text is too long." });
  expect(attempts[1]?.entry.text).toBe("short");
  attempts[1]?.ok(taken);
  await hub.pass();
  box.retry("key-1");
  expect(attempts[2]?.entry).toMatchObject({ key: "key-1", text: "too long" });
  attempts[2]?.no(new Refusal("closed", { message: "closed" }));
  await hub.pass();
  box.discard("key-1");
  expect(box.entries.value).toEqual([]);
});

test("d2_a_text_that_timed_out_is_repeated_and_a_late_answer_settles_it", async () => {
  const box = outbox();
  box.resume();
  box.add("c_1", "send", "one");
  attempts[0]?.no(new Refusal("timeout"));
  await hub.pass(500);
  expect(attempts).toHaveLength(2);
  attempts[0]?.ok(taken);
  expect(box.entries.value).toEqual([]);
  attempts[1]?.ok({ ...taken, duplicate: true });
  await hub.pass(60_000);
  expect(attempts).toHaveLength(2);
});

test("d1_a_reload_loses_no_unsent_text", async () => {
  const before = outbox();
  before.resume();
  before.add("c_1", "send", "one");
  before.add("c_1", "send", "two");
  const after = outbox();
  expect(after.entries.value.map(({ text, state }) => [text, state])).toEqual([
    ["one", "pending"],
    ["two", "pending"],
  ]);
  after.resume();
  expect(attempts.at(-1)?.entry).toMatchObject({ key: "key-1", text: "one" });
  attempts.at(-1)?.ok(taken);
  await hub.pass();
  attempts.at(-1)?.ok(taken);
  await hub.pass();
  expect(storage.length).toBe(0);
});

test("p2_an_event_with_the_key_settles_the_text", () => {
  const box = outbox();
  box.add("c_1", "send", "one");
  box.settle(["key-1", "unknown"]);
  expect(box.entries.value).toEqual([]);
  expect(storage.length).toBe(0);
});

test("d1_broken_or_foreign_records_in_storage_are_passed_over", () => {
  storage.setItem("out:bad", "{");
  storage.setItem("out:worse", '{"key":1}');
  storage.setItem("other", "{}");
  expect(outbox().entries.value).toEqual([]);
});
