import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Event } from "../../client/src/index.js";
import { conversation, START, started, text, visitorHello } from "../../client/test/fake_hub.js";
import type { Memory } from "../src/chat/memory.js";
import { openSession, type Session } from "../src/chat/session.js";
import { FakePage, memory } from "./page.js";

let page: FakePage;
let kept: Memory;
let session: Session;
let news: Event[];
let past: number;
let drawn: number;

beforeEach(() => {
  vi.useFakeTimers({ now: START });
  page = new FakePage();
  kept = memory();
  news = [];
  past = 0;
  drawn = 0;
  session = openSession(
    page.host(),
    kept,
    (events) => news.push(...events),
    () => {
      past += 1;
    },
    () => {
      session.look();
      drawn = session.unread();
    },
  );
});

afterEach(() => {
  session.destroy();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

async function welcome(over: Record<string, unknown> = {}): Promise<void> {
  page.socket.accept();
  page.socket.answer("hello", visitorHello(over));
  await vi.advanceTimersByTimeAsync(0);
}

const talking = () => ({
  conversation: conversation({ state: "assigned", seq: 3 }),
  events: [started(1), text(2, "Hi"), text(3, "There?")],
});

test("p3_hello_goes_to_the_hub_of_the_script_and_names_the_page", () => {
  expect(page.socket).toMatchObject({ url: "wss://hub.example/v1/visitor" });
  page.socket.accept();
  expect(page.socket.last("hello")).toMatchObject({
    playbook: "pb_demo",
    page: { url: "https://shop.example/", title: "Lamps" },
  });
});

test("p3_a_playbook_begins_when_the_visitor_looks_and_nothing_is_there_once", async () => {
  await welcome();
  expect(page.socket.all("start")).toEqual([]);
  session.show(true);
  session.show(true);
  expect(page.socket.all("start")).toHaveLength(1);
});

test("p3_an_open_or_a_closed_conversation_is_shown_and_nothing_begins", async () => {
  session.show(true);
  await welcome({ conversation: conversation({ state: "closed", seq: 2 }), events: [started(1), text(2, "Bye")] });
  expect(page.socket.all("start")).toEqual([]);
  expect(session.client.state.value.events).toHaveLength(2);
});

test("p3_what_an_agent_writes_behind_the_button_is_counted_until_it_was_seen", async () => {
  await welcome(talking());
  expect(page.told("unread")).toBe(2);
  session.show(true);
  expect(page.told("unread")).toBe(0);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(page.socket.last("seen")).toMatchObject({ conversation: "c_1", read: 3 });
});

test("p3_a_hidden_tab_reads_nothing_until_somebody_looks", async () => {
  page.document.visibilityState = "hidden";
  session.show(true);
  await welcome(talking());
  expect(page.told("unread")).toBe(2);
  page.document.visibilityState = "visible";
  page.document.dispatchEvent(new globalThis.Event("visibilitychange"));
  expect(page.told("unread")).toBe(0);
});

test("p3_what_another_tab_has_read_is_read_here_too_and_drawn_though_the_hub_says_nothing", async () => {
  await welcome(talking());
  expect(page.told("unread")).toBe(2);
  drawn = -1;
  kept.set("read", "c_1:3");
  page.window.dispatchEvent(new globalThis.Event("storage"));
  expect([page.told("unread"), drawn]).toEqual([0, 0]);
});

test("p3_the_page_is_told_of_new_texts_and_not_of_old_ones", async () => {
  await welcome(talking());
  expect(page.told("message")).toBeUndefined();
  page.socket.say({ type: "events", conversation: "c_1", events: [text(4, "Hello?")] });
  expect(page.told("message")).toEqual({ from: "Jane", by: "agent", text: "Hello?" });
  expect(page.told("state")).toBe("assigned");
});

test("p3_a_conversation_is_remembered_while_it_is_open_and_the_token_beyond", async () => {
  await welcome(talking());
  expect([kept.get("token"), kept.get("live")]).toEqual(["token-1", "c_1"]);
  const by = { kind: "agent", id: "jane", name: "Jane" };
  const closed = { type: "closed", seq: 4, at: START, by, reason: "agent" };
  page.socket.say({ type: "events", conversation: "c_1", events: [closed] });
  expect([kept.get("token"), kept.get("live")]).toEqual(["token-1", null]);
});

test("d2_a_text_unsent_at_a_reload_goes_out_afterwards_with_its_key", async () => {
  session.show(true);
  await welcome(talking());
  page.socket.end(1006);
  session.client.send("Are you there?");
  session.destroy();
  expect(kept.names().some((name) => name.startsWith("out:"))).toBe(true);

  session = openSession(
    page.host(),
    kept,
    (events) => news.push(...events),
    () => {
      past += 1;
    },
    () => {
      session.look();
      drawn = session.unread();
    },
  );
  await welcome(talking());
  expect(page.socket.last("send")).toMatchObject({ text: "Are you there?" });
  page.socket.answer("send", { seq: 4, at: START });
  await vi.advanceTimersByTimeAsync(0);
  expect(kept.names().some((name) => name.startsWith("out:"))).toBe(false);
});

test("p3_the_hub_hears_where_the_visitor_goes_without_a_reload", async () => {
  await welcome(talking());
  page.window.dispatchEvent(new globalThis.Event("popstate"));
  expect(page.socket.last("page")).toMatchObject({ url: "https://shop.example/" });
});

test("v8_news_is_what_came_after_the_look_and_with_a_new_chat_all_of_it", async () => {
  await welcome(talking());
  expect([news, past]).toEqual([[], 1]);
  page.socket.say({ type: "events", conversation: "c_1", events: [text(4, "Hello?")] });
  page.socket.say({ type: "events", conversation: "c_1", events: [text(4, "Hello?")] });
  expect(news.map(({ seq }) => seq)).toEqual([4]);
  session.destroy();

  session = openSession(
    page.host(),
    memory(),
    (events) => news.push(...events),
    () => {
      past += 1;
    },
    () => {
      session.look();
      drawn = session.unread();
    },
  );
  news = [];
  await welcome();
  session.show(true);
  page.socket.answer("start", { conversation: conversation({ seq: 2 }), events: [started(1), text(2, "Welcome")] });
  await vi.advanceTimersByTimeAsync(0);
  // Though nobody looked in between: the greeting of a new chat is news, whatever comes in one go with it.
  expect([news.map(({ seq }) => seq), past]).toEqual([[1, 2], 1]);
});

test("v4_the_title_of_a_hidden_tab_counts_what_is_unread_and_the_hub_hears_the_pages_own", async () => {
  page.document.visibilityState = "hidden";
  await welcome(talking());
  expect(page.document.title).toBe("(2) Lamps");
  // A page that changes its title itself loses nothing.
  page.document.title = "Basket";
  page.socket.say({ type: "events", conversation: "c_1", events: [text(4, "Hello?")] });
  expect(page.document.title).toBe("(3) Basket");
  page.window.dispatchEvent(new globalThis.Event("popstate"));
  expect(page.socket.last("page")).toMatchObject({ title: "Basket" });
  page.document.visibilityState = "visible";
  page.document.dispatchEvent(new globalThis.Event("visibilitychange"));
  expect(page.document.title).toBe("Basket");
});

test("v6_the_page_hears_of_every_state_once", async () => {
  await welcome({ available: true });
  session.show(true);
  const by = { kind: "agent", id: "jane", name: "Jane" };
  const say = (events: unknown[]) => page.socket.say({ type: "events", conversation: "c_1", events });
  page.socket.answer("start", { conversation: conversation({ seq: 1 }), events: [started(1)] });
  say([{ type: "waiting", card: "live", seq: 2, at: START, by: { kind: "bot" }, wait_ms: 60_000, deadline: START }]);
  page.socket.say({ type: "queue", conversation: "c_1", position: 2 });
  page.socket.say({ type: "queue", conversation: "c_1", position: 2 });
  page.socket.say({ type: "available", available: false, reason: "nobody_online" });
  say([{ type: "assigned", seq: 3, at: START, by, to: { id: "jane", name: "Jane" }, from: null }]);
  say([{ type: "unassigned", seq: 4, at: START, by, from: { id: "jane", name: "Jane" } }]);
  say([text(5, "Mine", { by: { kind: "visitor" } })]);
  say([{ type: "closed", seq: 6, at: START, by, reason: "agent" }]);
  say([{ type: "rated", seq: 7, at: START, by: { kind: "visitor" }, score: 4 }]);
  page.socket.end(4503);
  expect(page.emitted).toEqual([
    ["connection", { state: "connecting" }],
    ["available", true],
    ["connection", { state: "live" }],
    ["state", "bot"],
    ["state", "waiting"],
    ["queue", 2],
    ["available", false],
    ["state", "assigned"],
    ["agent", { id: "jane", name: "Jane" }],
    ["state", "unassigned"],
    ["agent", null],
    ["sent", { text: "Mine" }],
    ["state", "closed"],
    ["rated", { score: 4 }],
    ["connection", { state: "stopped", code: 4503 }],
  ]);
});

test("v6_the_page_is_asked_for_a_fresh_identity_and_the_chat_goes_on_with_it", async () => {
  session.destroy();
  [page.identity, page.listens] = ["jwt-1", true];
  session = openSession(
    page.host(),
    kept,
    () => undefined,
    () => undefined,
    () => undefined,
  );
  await welcome(talking());
  page.socket.end(1006);
  await vi.advanceTimersByTimeAsync(1_000);
  page.socket.accept();
  page.socket.end(4502);
  expect(page.emitted.filter(([name]) => name === "identify")).toHaveLength(1);
  expect(session.client.state.value.connection.kind).toBe("connecting");
  session.client.identify("jwt-2");
  page.socket.accept();
  expect(page.socket.last("hello")).toMatchObject({ identity: "jwt-2", token: "token-1" });
});
