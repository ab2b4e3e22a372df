import { expect, test } from "vitest";
import { type Event, Refusal, type VisitorClient } from "../src/index.js";
import { conversation, type FakeHub, START, started, text, visitorHello } from "./fake_hub.js";
import { texts, type Visit, visits } from "./visit.js";

let visit: Visit;
let hub: FakeHub;
let client: VisitorClient;

visits((next) => {
  visit = next;
  ({ hub, client } = visit);
});

test("p3_hello_carries_playbook_token_page_and_locale", async () => {
  client.connect();
  hub.socket.accept();
  expect(hub.socket.last("hello")).toEqual({
    type: "hello",
    id: 1,
    playbook: "pb_demo",
    page: { url: "https://shop.example/" },
    locale: "en",
  });
  hub.socket.answer("hello", visitorHello());
  await hub.pass();
  expect(visit.token).toBe("token-1");
  expect(client.state.value).toMatchObject({ available: true, conversation: null, events: [] });
});

test("p3_start_waits_for_the_connection_and_takes_the_conversation_from_its_reply", async () => {
  client.start();
  client.connect();
  await visit.welcome();
  hub.socket.answer("start", { conversation: conversation({ seq: 2 }), events: [started(1), text(2, "Welcome")] });
  await hub.pass();
  expect(client.state.value.conversation?.id).toBe("c_1");
  expect(texts(client.state.value)).toEqual(["Welcome"]);
  client.start();
  await hub.pass();
  expect(hub.socket.all("start")).toHaveLength(1);
});

test("p3_a_start_without_an_answer_is_asked_again_after_the_reconnect", async () => {
  client.start();
  client.connect();
  await visit.welcome();
  hub.socket.end(1006);
  await hub.pass(1_000);
  await visit.welcome();
  expect(hub.socket.all("start")).toHaveLength(1);
});

test("p3_a_start_that_is_refused_says_why_and_goes_on_when_it_may", async () => {
  client.start();
  client.connect();
  await visit.welcome();
  hub.socket.refuse("start", { code: "rate_limited", message: "Slow down.", retry_after_ms: 2_000 });
  await hub.pass();
  expect(client.state.value.trouble).toBe("Slow down.");
  await hub.pass(2_000);
  hub.socket.answer("start", { conversation: conversation(), events: [started(1)] });
  await hub.pass();
  expect(client.state.value).toMatchObject({ trouble: null, conversation: { id: "c_1" } });
});

test("p2_a_sent_text_is_there_once_by_reply_and_event", async () => {
  await visit.chatting();
  client.send("Hello");
  expect(client.state.value.unsent).toMatchObject([{ text: "Hello", state: "sending" }]);
  hub.socket.answer("send", { seq: 3, at: START });
  await hub.pass();
  hub.socket.say({
    type: "events",
    conversation: "c_1",
    events: [text(3, "Hello", { key: "key-1" }), text(4, "Yes?")],
  });
  expect(texts(client.state.value)).toEqual(["Hi", "Hello", "Yes?"]);
  expect(client.state.value.unsent).toEqual([]);
});

test("p2_an_event_before_the_reply_makes_no_double", async () => {
  await visit.chatting();
  client.send("Hello");
  hub.socket.say({ type: "events", conversation: "c_1", events: [text(3, "Hello", { key: "key-1" })] });
  expect(client.state.value.unsent).toEqual([]);
  hub.socket.answer("send", { seq: 3, at: START, duplicate: true });
  await hub.pass();
  expect(texts(client.state.value)).toEqual(["Hi", "Hello"]);
});

test("d5_a_reconnect_resumes_from_the_cursor", async () => {
  await visit.chatting();
  client.send("Hello");
  hub.socket.end(1006);
  await hub.pass(1_000);
  hub.socket.accept();
  expect(hub.socket.last("hello")).toMatchObject({
    token: "token-1",
    after: { conversation: "c_1", epoch: "e1", seq: 2 },
  });
  hub.socket.answer(
    "hello",
    visitorHello({
      recovered: true,
      conversation: conversation({ state: "assigned", seq: 4 }),
      events: [text(3, "Hello", { key: "key-1" }), text(4, "Yes?")],
    }),
  );
  await hub.pass();
  expect(texts(client.state.value)).toEqual(["Hi", "Hello", "Yes?"]);
  expect(hub.socket.all("send")).toEqual([]);
});

test("d2_an_unanswered_text_is_repeated_with_its_key_on_the_new_connection", async () => {
  await visit.chatting();
  client.send("Hello");
  const before = hub.socket.last("send").key;
  hub.socket.end(1006);
  await hub.pass(1_000);
  await visit.welcome({ recovered: true, conversation: conversation({ state: "assigned", seq: 2 }) });
  expect(hub.socket.last("send").key).toBe(before);
  hub.socket.answer("send", { seq: 3, at: START, duplicate: true });
  await hub.pass();
  hub.socket.say({ type: "events", conversation: "c_1", events: [text(3, "Hello", { key: "key-1" })] });
  expect(texts(client.state.value)).toEqual(["Hi", "Hello"]);
});

test("d5_recovered_false_starts_from_a_fresh_page", async () => {
  await visit.chatting();
  hub.socket.end(1006);
  await hub.pass(1_000);
  const fresh = { conversation: conversation({ state: "closed", seq: 2 }), events: [text(2, "Restored")] };
  await visit.welcome({ epoch: "e2", recovered: false, ...fresh });
  expect(texts(client.state.value)).toEqual(["Restored"]);
  expect(client.state.value.conversation?.state).toBe("closed");
});

test("p1_a_refused_token_is_forgotten_once", async () => {
  visit.token = "old";
  client.connect();
  hub.socket.accept();
  hub.socket.refuse("hello", { code: "unauthorized" });
  hub.socket.say({ type: "goodbye", code: 4502, reason: "expired", reconnect: false });
  hub.socket.end(4502);
  expect(visit.token).toBeNull();
  hub.socket.accept();
  expect(hub.socket.last("hello").token).toBeUndefined();
  hub.socket.answer("hello", visitorHello());
  await hub.pass();
  hub.socket.end(4502);
  expect(client.state.value.connection).toEqual({ kind: "stopped", code: 4502, reason: "" });
});

test("a5_another_tabs_conversation_arrives_from_started_on", async () => {
  client.connect();
  await visit.welcome();
  hub.socket.say({ type: "events", conversation: "c_2", events: [started(1), text(2, "Welcome")] });
  expect(client.state.value.conversation).toMatchObject({ id: "c_2", state: "bot", seq: 2 });
  expect(texts(client.state.value)).toEqual(["Welcome"]);
});

/** The card that asks what brings the visitor here, at this place in the log. */
function asked(seq: number): Event {
  const ask = { kind: "choice", options: [{ id: "talk", label: "Talk" }] };
  return { type: "card", seq, at: START, by: { kind: "bot" }, card: "hello", text: "Hi!", rich: [], ask } as Event;
}

test("p3_an_answer_repeated_after_a_failure_carries_the_key_of_its_question", async () => {
  client.connect();
  await visit.welcome({ conversation: conversation({ seq: 2 }), events: [started(1), asked(2)] });
  const first = client.answer("hello", { option: "talk" }).catch((refusal: Refusal) => refusal.code);
  expect(hub.socket.last("answer")).toMatchObject({
    conversation: "c_1",
    card: "hello",
    option: "talk",
    key: "card-2",
  });
  hub.socket.end(1006);
  expect(await first).toBe("disconnected");
  await hub.pass(1_000);
  await visit.welcome({ recovered: true, conversation: conversation({ seq: 2 }) });
  const second = client.answer("hello", { option: "talk" });
  expect(hub.socket.last("answer")).toMatchObject({ key: "card-2" });
  hub.socket.answer("answer", { seq: 4, at: START });
  await second;
  // A playbook may ask the same again: that is another question.
  hub.socket.say({ type: "events", conversation: "c_1", events: [asked(5)] });
  client.answer("hello", { option: "talk" }).catch(() => undefined);
  expect(hub.socket.last("answer")).toMatchObject({ key: "card-5" });
});

test("p3_a_bad_value_is_told_in_the_hubs_words", async () => {
  await visit.chatting();
  const answer = client.answer("email", { value: "nonsense" });
  hub.socket.refuse("answer", { code: "invalid", field: "value", message: "This is no e-mail address." });
  await expect(answer).rejects.toMatchObject({ code: "invalid", message: "This is no e-mail address." });
});

test("p3_queue_available_seen_and_typing_are_shown", async () => {
  await visit.chatting();
  hub.socket.say({ type: "queue", conversation: "c_1", position: 3 });
  hub.socket.say({ type: "available", available: false, reason: "nobody_online" });
  hub.socket.say({ type: "typing", conversation: "c_1", on: true });
  hub.socket.say({ type: "typing", conversation: "c_9", on: true });
  expect(client.state.value).toMatchObject({
    available: false,
    availableReason: "nobody_online",
    agentTyping: true,
    conversation: { position: 3 },
  });
  await hub.pass(6_000);
  expect(client.state.value.agentTyping).toBe(false);
});

test("p3_receipts_are_gathered_and_typing_is_repeated_sparingly", async () => {
  await visit.chatting();
  await hub.pass(300);
  expect(hub.socket.last("seen")).toEqual({ type: "seen", conversation: "c_1", received: 2, read: 0 });
  client.read();
  client.read();
  await hub.pass(300);
  expect(hub.socket.last("seen")).toMatchObject({ received: 2, read: 2 });
  expect(hub.socket.all("seen")).toHaveLength(2);
  client.typed("H");
  client.typed("He");
  expect(hub.socket.all("typing")).toEqual([{ type: "typing", conversation: "c_1", on: true }]);
  await hub.pass(4_000);
  expect(hub.socket.last("typing").on).toBe(false);
});

test("p3_history_is_asked_for_from_the_oldest_event_here", async () => {
  client.connect();
  await visit.welcome({ conversation: conversation({ seq: 9, state: "assigned" }), events: [text(9, "late")] });
  const older = client.older();
  expect(hub.socket.last("history")).toMatchObject({ conversation: "c_1", before: 9 });
  hub.socket.answer("history", { events: [started(1), text(2, "early")] as Event[] });
  await older;
  expect(texts(client.state.value)).toEqual(["early", "late"]);
  expect(client.state.value.complete).toBe(true);
});

test("p3_history_that_has_to_wait_comes_when_the_hub_can_be_asked_again", async () => {
  client.connect();
  await visit.welcome({ conversation: conversation({ seq: 9, state: "assigned" }), events: [text(9, "late")] });
  const older = client.older();
  hub.socket.refuse("history", { code: "rate_limited", retry_after_ms: 700 });
  await hub.pass(699);
  expect(hub.socket.all("history")).toHaveLength(1);
  await hub.pass(1);
  expect(hub.socket.all("history")).toHaveLength(2);
  // Away in between: it is asked for on the new connection.
  hub.socket.end(1006);
  await hub.pass(1_000);
  await visit.welcome({ recovered: true, conversation: conversation({ seq: 9, state: "assigned" }), events: [] });
  await hub.pass(1_000);
  expect(hub.socket.last("history")).toMatchObject({ before: 9 });
  hub.socket.answer("history", { events: [started(1)] as Event[] });
  await older;
  expect(client.state.value.complete).toBe(true);
});

test("p3_history_that_is_refused_for_good_is_not_asked_for_again_and_none_after_leaving", async () => {
  client.connect();
  await visit.welcome({ conversation: conversation({ seq: 9, state: "assigned" }), events: [text(9, "late")] });
  const older = client.older();
  hub.socket.refuse("history", { code: "not_found" });
  await expect(older).rejects.toMatchObject({ code: "not_found" });
  client.older();
  hub.socket.refuse("history", { code: "rate_limited", retry_after_ms: 700 });
  await hub.pass();
  client.disconnect();
  await hub.pass(60_000);
  expect(hub.socket.all("history")).toHaveLength(2);
});

test("p3_without_a_conversation_there_is_nothing_to_send_to", () => {
  expect(() => client.send("Hello")).toThrow(Refusal);
});
