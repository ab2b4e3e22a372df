import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { AgentClient, type Refusal } from "../src/index.js";
import { agentHello, conversation, FakeHub, START, started, summary, text } from "./fake_hub.js";

const visitor = { kind: "visitor" } as const;
const me = { id: "jane", name: "Jane" };

let hub: FakeHub;
let client: AgentClient;

beforeEach(() => {
  vi.useFakeTimers({ now: START });
  hub = new FakeHub();
  client = new AgentClient({ url: "ws://hub/v1/agent", token: "jwt-1", env: hub.env });
});

afterEach(() => {
  vi.useRealTimers();
});

async function signIn(over: Record<string, unknown> = {}): Promise<void> {
  client.connect();
  await welcome(over);
}

async function welcome(over: Record<string, unknown> = {}): Promise<void> {
  hub.socket.accept();
  hub.socket.answer("hello", agentHello(over));
  await hub.pass();
}

async function reconnect(over: Record<string, unknown> = {}): Promise<void> {
  hub.socket.end(1006);
  await hub.pass(1_000);
  await welcome(over);
}

function ids(folder: "unassigned" | "mine" | "closed"): string[] {
  return client.state.value.folders[folder].map((row) => row.id);
}

test("p4_hello_brings_switch_settings_agents_counts_and_rows", async () => {
  await signIn({ counts: { unassigned: 1, mine: 0, closed: 4 }, unassigned: [summary("c_1", 3)] });
  expect(hub.sockets[0]?.sent[0]).toEqual({ type: "hello", token: "jwt-1", id: 1 });
  expect(client.state.value).toMatchObject({ me: { id: "jane" }, online: true, counts: { unassigned: 1, closed: 4 } });
  expect(ids("unassigned")).toEqual(["c_1"]);
});

test("p4_inbox_rows_move_between_folders_by_upsert_and_remove", async () => {
  await signIn({ unassigned: [summary("c_1", 3), summary("c_2", 3)] });
  hub.socket.say({
    type: "inbox",
    upsert: summary("c_1", 4, { state: "assigned", assignee: me }),
    counts: { unassigned: 1, mine: 1 },
  });
  hub.socket.say({ type: "inbox", upsert: summary("c_1", 3), counts: {} });
  const gone: string[] = [];
  client.outOfSight.add((id) => gone.push(id));
  hub.socket.say({ type: "inbox", remove: "c_2", seq: 4, assignee: { id: "bob", name: "Bob" }, at: 9 });
  hub.socket.say({ type: "inbox", remove: "c_1", seq: 3, assignee: { id: "bob", name: "Bob" }, at: 9 });
  hub.socket.say({ type: "inbox", upsert: summary("c_2", 3) });
  expect(gone).toEqual(["c_2"]);
  expect(ids("unassigned")).toEqual([]);
  expect(ids("mine")).toEqual(["c_1"]);
  expect(client.state.value.counts).toEqual({ unassigned: 1, mine: 1, closed: 0 });
});

test("a1_a_lost_claim_names_the_winner", async () => {
  await signIn({ unassigned: [summary("c_1", 3)] });
  const claim = client.claim("c_1").catch((refusal: Refusal) => refusal);
  hub.socket.refuse("claim", { code: "conflict", assignee: { id: "bob", name: "Bob" }, at: 7 });
  expect(await claim).toMatchObject({ code: "conflict", body: { assignee: { name: "Bob" }, at: 7 } });
});

test("p4_an_opened_conversation_is_followed_and_resumed_after_a_reconnect", async () => {
  await signIn({ unassigned: [summary("c_1", 2)] });
  client.open("c_1");
  expect(client.state.value.opened.get("c_1")?.status).toBe("opening");
  hub.socket.answer("open", {
    conversation: conversation({ state: "waiting", seq: 2 }),
    recovered: false,
    events: [started(1), text(2, "Hi", { by: visitor })],
  });
  hub.socket.say({ type: "events", conversation: "c_1", events: [text(3, "Anybody?", { by: visitor })] });
  expect(client.state.value.opened.get("c_1")?.events.map((event) => event.seq)).toEqual([1, 2, 3]);
  expect(client.state.value.folders.unassigned[0]).toMatchObject({ preview: "Anybody?", unread: 1 });
  await reconnect({ unassigned: [summary("c_1", 4)] });
  expect(hub.socket.last("open")).toMatchObject({ conversation: "c_1", after: { epoch: "e1", seq: 3 } });
  hub.socket.answer("open", {
    conversation: conversation({ state: "waiting", seq: 4 }),
    recovered: true,
    events: [text(4, "Hello?", { by: visitor })],
  });
  expect(client.state.value.opened.get("c_1")?.events.map((event) => event.seq)).toEqual([1, 2, 3, 4]);
});

test("r9_a_row_that_does_not_know_the_place_in_the_queue_leaves_it_as_it_is_while_the_chat_waits", async () => {
  await signIn({ unassigned: [summary("c_1", 2)] });
  client.open("c_1");
  const place = () => client.state.value.opened.get("c_1")?.conversation?.position;
  hub.socket.answer("open", { conversation: conversation({ state: "waiting", seq: 2, position: 3 }), events: [] });
  hub.socket.say({ type: "inbox", upsert: summary("c_1", 3, { state: "waiting", position: null }) });
  expect(place()).toBe(3);
  hub.socket.say({ type: "inbox", upsert: summary("c_1", 3, { state: "waiting", position: 2 }) });
  expect(place()).toBe(2);
  hub.socket.say({ type: "inbox", upsert: summary("c_1", 4, { state: "offline", position: null }) });
  expect(place()).toBeNull();
});

test("r13_who_looked_at_a_chat_looks_no_more_once_it_is_somebodys", async () => {
  await signIn({ unassigned: [summary("c_1", 2)] });
  client.open("c_1");
  hub.socket.answer("open", { conversation: conversation({ state: "waiting", seq: 2 }), events: [text(2, "Hi")] });
  hub.socket.say({ type: "watching", conversation: "c_1", agents: [me, { id: "bob", name: "Bob" }] });
  const watching = () => client.state.value.opened.get("c_1")?.watching.map((agent) => agent.name);
  expect(watching()).toEqual(["Jane", "Bob"]);
  const by = { kind: "agent", ...me } as const;
  hub.socket.say({
    type: "events",
    conversation: "c_1",
    events: [{ ...text(3, "", { by }), type: "assigned", to: me, from: null }],
  });
  expect(watching()).toEqual([]);
});

test("p3_a_visitor_types_no_more_once_they_wrote_or_the_chat_is_closed", async () => {
  await signIn({ unassigned: [summary("c_1", 2)] });
  client.open("c_1");
  hub.socket.answer("open", { conversation: conversation({ state: "assigned", seq: 2 }), events: [text(2, "Hi")] });
  const by = { kind: "agent", ...me } as const;
  const typing = () => client.state.value.opened.get("c_1")?.typing;
  const ends = [text(3, "Well", { by: visitor }), { ...text(5, "", { by }), type: "closed" }];
  for (const [end, before] of [
    [ends[0], []],
    [ends[1], [text(4, "Yes?", { by })]],
  ]) {
    hub.socket.say({ type: "typing", conversation: "c_1", on: true });
    hub.socket.say({ type: "events", conversation: "c_1", events: before });
    expect(typing()).toEqual({ preview: null });
    hub.socket.say({ type: "events", conversation: "c_1", events: [end] });
    expect(typing()).toBeNull();
  }
});

test("a3_losing_sight_ends_the_open_and_says_to_whom", async () => {
  await signIn({ unassigned: [summary("c_1", 2)] });
  client.open("c_1");
  hub.socket.answer("open", { conversation: conversation({ state: "waiting", seq: 2 }), events: [text(2, "Hi")] });
  hub.socket.say({ type: "inbox", remove: "c_1", seq: 3, assignee: { id: "bob", name: "Bob" }, at: 9 });
  expect(client.state.value.opened.get("c_1")).toMatchObject({
    status: "lost",
    lostTo: { assignee: { name: "Bob" }, at: 9 },
  });
  await reconnect();
  expect(hub.socket.all("open")).toEqual([]);
});

test("a3_a_conversation_that_went_out_of_sight_while_away_is_lost_on_the_reconnect", async () => {
  await signIn({ unassigned: [summary("c_1", 2)] });
  client.open("c_1");
  hub.socket.answer("open", { conversation: conversation({ state: "waiting", seq: 2 }), events: [text(2, "Hi")] });
  await reconnect();
  hub.socket.refuse("open", { code: "not_found" });
  await hub.pass();
  expect(client.state.value.opened.get("c_1")?.status).toBe("lost");
});

test("p2_texts_and_notes_take_their_place_by_their_reply", async () => {
  await signIn({ mine: [summary("c_1", 2, { state: "assigned", assignee: me })] });
  client.open("c_1");
  hub.socket.answer("open", {
    conversation: conversation({
      state: "assigned",
      assignee: me,
      seq: 2,
      details: { claimed: [], deal: {}, person: {}, organization: {} },
      items: [],
    }),
    events: [text(2, "Hi", { by: visitor })],
  });
  client.send("c_1", "Hello");
  client.note("c_1", "A good one");
  expect(hub.socket.all("note")).toEqual([]);
  hub.socket.answer("send", { seq: 3, at: START });
  await hub.pass();
  hub.socket.answer("note", { seq: 4, at: START });
  await hub.pass();
  hub.socket.say({ type: "events", conversation: "c_1", events: [text(3, "Hello", { key: "key-1" })] });
  const { events } = client.state.value.opened.get("c_1") ?? { events: [] };
  expect(events.map((event) => [event.seq, event.type])).toEqual([
    [2, "message"],
    [3, "message"],
    [4, "note"],
  ]);
  expect(client.state.value.unsent).toEqual([]);
});

test("r14_an_ex_owners_text_fails_in_words", async () => {
  await signIn({ mine: [summary("c_1", 2, { state: "assigned", assignee: me })] });
  client.send("c_1", "Too late");
  hub.socket.refuse("send", { code: "forbidden", message: "It is Bob's now." });
  await hub.pass();
  expect(client.state.value.unsent).toMatchObject([{ state: "failed", error: "It is Bob's now." }]);
});

test("p1_a_newer_token_is_told_in_band_and_brings_a_stopped_session_back", async () => {
  await signIn();
  const renewal = client.renew("jwt-2");
  expect(hub.socket.last("hello")).toMatchObject({ token: "jwt-2" });
  hub.socket.answer("hello", agentHello());
  await renewal;
  expect(hub.sockets).toHaveLength(1);
  hub.socket.end(4502);
  expect(client.state.value.connection).toMatchObject({ kind: "stopped", code: 4502 });
  await client.renew("jwt-3");
  await welcome();
  expect(hub.sockets[1]?.sent[0]).toMatchObject({ token: "jwt-3" });
  expect(client.state.value.connection.kind).toBe("live");
});

test("r10_the_switch_follows_the_hub_on_every_device", async () => {
  await signIn({ online: false });
  const switched = client.availability(true);
  hub.socket.answer("availability");
  await switched;
  expect(client.state.value.online).toBe(true);
  hub.socket.say({ type: "presence", agent: { id: "jane", name: "Jane", status: "offline" }, reason: "admin" });
  expect(client.state.value.online).toBe(false);
  hub.socket.say({ type: "presence", agent: { id: "jane", name: "Jane", status: "away" }, reason: "lost" });
  expect(client.state.value.online).toBe(true);
  hub.socket.say({ type: "presence", agent: { id: "bob", name: "Bob", status: "online" }, reason: "connected" });
  expect(client.state.value.agents.map((agent) => [agent.id, agent.status])).toEqual([
    ["jane", "away"],
    ["bob", "online"],
  ]);
});

test("r15_a_double_click_asks_for_the_same_item", async () => {
  await signIn({ mine: [summary("c_1", 2)] });
  client.open("c_1");
  hub.socket.answer("open", { conversation: conversation({ items: [] }), events: [] });
  const first = client.item("c_1", "lead", "Ada");
  const second = client.item("c_1", "lead", "Ada");
  expect(hub.socket.all("item").map((frame) => frame.key)).toEqual(["lead-1", "lead-1"]);
  for (const frame of hub.socket.all("item")) hub.socket.say({ type: "reply", id: frame.id, ok: true, item: "i_1" });
  expect([await first, await second]).toEqual(["i_1", "i_1"]);
});

test("r17_a_notification_is_handed_on_and_receipted", async () => {
  await signIn();
  const heard: string[] = [];
  client.notifications.add((push) => {
    heard.push(push.title);
    client.notified(push, "shown");
  });
  hub.socket.say({ type: "notify", reason: "message", conversation: "c_1", title: "Ada", body: "Hi", ring: true });
  expect(heard).toEqual(["Ada"]);
  expect(hub.socket.last("notified")).toEqual({
    type: "notified",
    conversation: "c_1",
    reason: "message",
    outcome: "shown",
  });
});

test("p4_a_list_on_screen_is_asked_for_again_after_a_reconnect", async () => {
  await signIn();
  const listed = client.list("closed");
  hub.socket.answer("list", { conversations: [summary("c_9", 5, { state: "closed", closed_at: 5 })], next: "more" });
  expect((await listed).next).toBe("more");
  expect(ids("closed")).toEqual(["c_9"]);
  await reconnect();
  expect(hub.socket.last("list")).toMatchObject({ folder: "closed" });
});

test("p4_reading_clears_the_counter_and_tells_the_hub", async () => {
  await signIn({ mine: [summary("c_1", 2, { state: "assigned", assignee: me, unread: 2 })] });
  client.open("c_1");
  hub.socket.answer("open", { conversation: conversation({ seq: 2 }), events: [text(2, "Hi", { by: visitor })] });
  client.read("c_1");
  expect(client.state.value.folders.mine[0]?.unread).toBe(0);
  await hub.pass(300);
  expect(hub.socket.last("seen")).toEqual({ type: "seen", conversation: "c_1", received: 2, read: 2 });
});

test("p1_what_an_agent_writes_too_long_is_not_sent_and_the_desk_goes_on", async () => {
  await signIn({ mine: [summary("c_1", 2, { state: "assigned", assignee: me })] });
  const long = "x".repeat(70_000);
  client.send("c_1", long);
  client.note("c_1", long);
  await expect(client.details("c_1", { note: long })).rejects.toMatchObject({ code: "too_large" });
  await expect(client.item("c_1", "lead", long)).rejects.toMatchObject({ code: "too_large" });
  expect(hub.socket.sent.map((frame) => frame.type)).toEqual(["hello"]);
  await hub.pass(1);
  expect(client.state.value.unsent.map((entry) => entry.code)).toEqual(["too_large", "too_large"]);
  client.send("c_1", "Short");
  expect(hub.socket.last("send")).toMatchObject({ text: "Short" });
  expect(client.state.value.connection.kind).toBe("live");
});

test("r14_a_conversation_lost_and_handed_on_to_this_agent_is_opened_again_whole", async () => {
  await signIn({ unassigned: [summary("c_1", 2)] });
  await loseToBob();
  hub.socket.say({
    type: "events",
    conversation: "c_1",
    events: [{ ...text(5, ""), type: "assigned", to: me, from: { id: "bob", name: "Bob" } }],
  });
  hub.socket.say({ type: "inbox", upsert: summary("c_1", 5, { state: "assigned", assignee: me }) });
  expect(hub.socket.all("open")).toHaveLength(2);
  expect(hub.socket.last("open").after).toBeUndefined();
  expect(client.state.value.opened.get("c_1")?.status).toBe("opening");
  hub.socket.answer("open", {
    conversation: conversation({ state: "assigned", assignee: me, seq: 5 }),
    events: [text(2, "Hi", { by: visitor }), text(4, "Asked Bob", { by: visitor })],
  });
  hub.socket.say({ type: "events", conversation: "c_1", events: [text(6, "And you?", { by: visitor })] });
  const opened = client.state.value.opened.get("c_1");
  expect(opened).toMatchObject({ status: "open", lostTo: null });
  expect(opened?.events.map((event) => event.seq)).toEqual([2, 4, 6]);
});

test("r14_a_conversation_lost_is_opened_again_when_it_is_everybodys_or_closed_but_for_no_older_row", async () => {
  await signIn({ unassigned: [summary("c_1", 2)] });
  await loseToBob();
  hub.socket.say({ type: "inbox", upsert: summary("c_1", 2) });
  expect(hub.socket.all("open")).toHaveLength(1);
  hub.socket.say({ type: "inbox", upsert: summary("c_1", 4, { state: "unassigned" }) });
  expect(hub.socket.all("open")).toHaveLength(2);
  hub.socket.refuse("open", { code: "not_found" });
  await hub.pass();
  expect(client.state.value.opened.get("c_1")?.status).toBe("lost");
  hub.socket.say({ type: "inbox", upsert: summary("c_1", 6, { state: "closed", closed_at: 6 }) });
  expect(hub.socket.all("open")).toHaveLength(3);
});

test("r14_what_came_back_into_sight_while_away_is_opened_on_the_reconnect", async () => {
  await signIn({ unassigned: [summary("c_1", 2)] });
  await loseToBob();
  await reconnect({ mine: [summary("c_1", 5, { state: "assigned", assignee: me })] });
  expect(hub.socket.all("open")).toHaveLength(1);
});

async function loseToBob(): Promise<void> {
  client.open("c_1");
  hub.socket.answer("open", { conversation: conversation({ state: "waiting", seq: 2 }), events: [text(2, "Hi")] });
  hub.socket.say({ type: "inbox", remove: "c_1", seq: 3, assignee: { id: "bob", name: "Bob" }, at: 9 });
  expect(client.state.value.opened.get("c_1")?.status).toBe("lost");
}
