import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { conversation, START, started, text, visitorHello } from "../../client/test/fake_hub.js";
import type { Memory } from "../src/contract.js";
import { Session } from "../src/talk/session.js";
import { FakePage, memory } from "./page.js";

let page: FakePage;
let kept: Memory;
let session: Session;

beforeEach(() => {
  vi.useFakeTimers({ now: START });
  page = new FakePage();
  kept = memory();
  session = new Session(page.host(kept));
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
  expect(page.socket.last("hello")).toMatchObject({ playbook: "pb_demo", page: { url: "https://shop.example/" } });
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
  page.document.dispatchEvent(new Event("visibilitychange"));
  expect(page.told("unread")).toBe(0);
});

test("p3_what_another_tab_has_read_is_read_here_too", async () => {
  await welcome(talking());
  kept.set("read", "c_1:3");
  page.window.dispatchEvent(new Event("storage"));
  expect(page.told("unread")).toBe(0);
});

test("p3_the_page_is_told_of_new_texts_and_not_of_old_ones", async () => {
  await welcome(talking());
  expect(page.told("message")).toBeUndefined();
  page.socket.say({ type: "events", conversation: "c_1", events: [text(4, "Hello?")] });
  expect(page.told("message")).toEqual({ from: "Jane", text: "Hello?" });
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

  session = new Session(page.host(kept));
  await welcome(talking());
  expect(page.socket.last("send")).toMatchObject({ text: "Are you there?" });
  page.socket.answer("send", { seq: 4, at: START });
  await vi.advanceTimersByTimeAsync(0);
  expect(kept.names().some((name) => name.startsWith("out:"))).toBe(false);
});

test("p3_the_hub_hears_where_the_visitor_goes_without_a_reload", async () => {
  await welcome(talking());
  page.window.dispatchEvent(new Event("popstate"));
  expect(page.socket.last("page")).toMatchObject({ url: "https://shop.example/" });
});

test("p1_the_page_is_asked_for_a_fresh_identity_and_the_chat_goes_on_with_it", async () => {
  session.destroy();
  [page.identity, page.listens] = ["jwt-1", true];
  session = new Session(page.host(kept));
  await welcome(talking());
  page.socket.end(1006);
  await vi.advanceTimersByTimeAsync(1_000);
  page.socket.accept();
  page.socket.end(4502);
  expect(page.emitted.filter(([name]) => name === "identify")).toHaveLength(1);
  expect(session.client.state.value.connection.kind).toBe("waiting");
  session.client.identify("jwt-2");
  page.socket.accept();
  expect(page.socket.last("hello")).toMatchObject({ identity: "jwt-2", token: "token-1" });
});
