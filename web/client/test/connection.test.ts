import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Connection, type Frame, isFinal, type OkReply, Refusal } from "../src/index.js";
import { FakeHub, START } from "./fake_hub.js";

let hub: FakeHub;
let connection: Connection;
let pushes: Frame[];
let hellos: OkReply[];
let comeBack: (code: number) => boolean;

beforeEach(() => {
  vi.useFakeTimers({ now: START });
  hub = new FakeHub();
  pushes = [];
  hellos = [];
  comeBack = () => false;
  connection = new Connection({
    url: "ws://hub/v1/visitor",
    env: hub.env,
    hello: () => ({ type: "hello" }),
    onHello: (reply) => hellos.push(reply),
    onPush: (push) => pushes.push(push),
    onStop: (code) => comeBack(code),
  });
});

afterEach(() => {
  vi.useRealTimers();
});

async function live(): Promise<void> {
  connection.open();
  hub.socket.accept();
  hub.socket.answer("hello", { heartbeat_ms: 20_000 });
  await hub.pass();
}

test("p1_the_first_frame_is_hello_and_live_begins_with_its_reply", async () => {
  connection.open();
  expect(connection.state.value.kind).toBe("connecting");
  expect(hub.socket.sent).toEqual([]);
  hub.socket.accept();
  expect(hub.socket.sent).toEqual([{ type: "hello", id: 1 }]);
  hub.socket.answer("hello", { heartbeat_ms: 20_000 });
  await hub.pass();
  expect(connection.state.value.kind).toBe("live");
  expect(hellos).toHaveLength(1);
});

test("p1_a_lost_connection_comes_back_with_full_jitter_that_doubles_up_to_30_s", async () => {
  hub.chance = 1;
  connection.open();
  const delays: number[] = [];
  for (let attempt = 0; attempt < 9; attempt += 1) {
    hub.socket.end(1006);
    const state = connection.state.value;
    if (state.kind !== "waiting") throw new Error(state.kind);
    delays.push(state.retryAt - Date.now());
    await hub.pass(state.retryAt - Date.now());
  }
  expect(delays).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  hub.chance = 0.1;
  hub.socket.end(1006);
  expect(connection.state.value).toEqual({ kind: "waiting", retryAt: Date.now() + 3_000 });
});

test("p1_the_backoff_starts_over_after_a_connection_that_lasted", async () => {
  hub.chance = 1;
  connection.open();
  hub.socket.end(1006);
  await hub.pass(500);
  hub.socket.end(1006);
  await hub.pass(1_000);
  hub.socket.accept();
  hub.socket.answer("hello", { heartbeat_ms: 20_000 });
  await hub.pass(6_000);
  hub.socket.end(1006);
  expect(connection.state.value).toEqual({ kind: "waiting", retryAt: Date.now() + 500 });
});

test("p1_after_ms_of_a_goodbye_is_the_delay", async () => {
  await live();
  hub.socket.say({ type: "goodbye", code: 4001, reason: "draining", reconnect: true, after_ms: 1_234 });
  hub.socket.end(4001);
  expect(connection.state.value).toEqual({ kind: "waiting", retryAt: Date.now() + 1_234 });
  await hub.pass(1_233);
  expect(hub.sockets).toHaveLength(1);
  await hub.pass(1);
  expect(hub.sockets).toHaveLength(2);
});

test("p1_a_goodbye_counts_even_when_its_close_never_arrives", async () => {
  await live();
  hub.socket.say({ type: "goodbye", code: 4504, reason: "too much", reconnect: false });
  hub.socket.end(1006);
  expect(connection.state.value).toEqual({ kind: "stopped", code: 4504, reason: "too much" });
  connection.open();
  hub.socket.accept();
  hub.socket.answer("hello");
  hub.socket.say({ type: "goodbye", code: 4505, reason: "replaced", reconnect: false });
  await hub.pass(2_000);
  expect(connection.state.value).toEqual({ kind: "stopped", code: 4505, reason: "replaced" });
  expect(hub.socket.closedByClient).toBe(true);
});

test("p1_close_codes_say_come_back_or_stop", () => {
  const back = [1000, 1001, 1005, 1006, 1011, 1012, 1013, 4000, 4001, 4004, 4499];
  const stop = [1003, 1007, 1008, 1009, 4500, 4501, 4502, 4503, 4504, 4505, 4999];
  expect(back.filter(isFinal)).toEqual([]);
  expect(stop.filter(isFinal)).toEqual(stop);
});

test("p1_a_stopped_connection_stays_stopped_until_a_person_asks", async () => {
  await live();
  hub.socket.end(4503, "not here");
  expect(connection.state.value).toEqual({ kind: "stopped", code: 4503, reason: "not here" });
  connection.nudge();
  await hub.pass(60_000);
  expect(hub.sockets).toHaveLength(1);
  connection.open();
  expect(hub.sockets).toHaveLength(2);
});

test("p1_a_refused_hello_stops_with_the_goodbye_behind_it_although_the_close_is_lost", async () => {
  connection.open();
  hub.socket.accept();
  hub.socket.refuse("hello", { code: "unauthorized", message: "expired" });
  hub.socket.say({ type: "goodbye", code: 4502, reason: "expired", reconnect: false });
  await hub.pass(2_000);
  expect(connection.state.value).toEqual({ kind: "stopped", code: 4502, reason: "expired" });
});

test("p1_a_socket_silent_for_two_heartbeats_is_dead", async () => {
  await live();
  await hub.pass(39_000);
  hub.socket.say({ type: "ping" });
  expect(hub.socket.sent.at(-1)).toEqual({ type: "pong" });
  await hub.pass(39_999);
  expect(connection.state.value.kind).toBe("live");
  await hub.pass(1);
  expect(connection.state.value.kind).toBe("waiting");
  expect(hub.socket.closedByClient).toBe(true);
});

test("p1_a_hub_that_never_answers_hello_is_given_up_after_10_s", async () => {
  connection.open();
  hub.socket.accept();
  await hub.pass(10_000);
  expect(connection.state.value.kind).toBe("waiting");
});

test("p1_a_nudge_ends_the_waiting_and_finds_a_dead_socket", async () => {
  await live();
  hub.socket.end(1006);
  connection.nudge();
  expect(connection.state.value.kind).toBe("connecting");
  hub.socket.accept();
  hub.socket.answer("hello", { heartbeat_ms: 20_000 });
  await hub.pass();
  connection.nudge();
  expect(hub.socket.last("ping").id).toBeDefined();
  await hub.pass(5_000);
  expect(connection.state.value.kind).toBe("waiting");
});

test("p1_a_nudge_leaves_an_answering_socket_alone", async () => {
  await live();
  connection.nudge();
  hub.socket.refuse("ping", { code: "unsupported" });
  await hub.pass(10_000);
  expect(connection.state.value.kind).toBe("live");
});

test("p1_replies_find_their_requests_by_id", async () => {
  await live();
  const first = connection.request({ type: "a" });
  const second = connection.request({ type: "b" });
  hub.socket.answer("b", { n: 2 });
  hub.socket.refuse("a", { code: "conflict", message: "late", assignee: { id: "bob", name: "Bob" }, at: 7 });
  expect((await second).n).toBe(2);
  const refusal = await first.catch((reason: Refusal) => reason);
  expect(refusal).toBeInstanceOf(Refusal);
  expect(refusal).toMatchObject({
    code: "conflict",
    message: "late",
    body: { assignee: { id: "bob", name: "Bob" }, at: 7 },
  });
});

test("p1_a_request_without_a_reply_times_out_after_10_s_and_its_late_reply_is_still_applied", async () => {
  await live();
  const seen: number[] = [];
  const request = connection.request({ type: "send" }, (reply) => seen.push(reply.seq as number));
  const outcome = request.catch((refusal: Refusal) => refusal.code);
  await hub.pass(10_000);
  expect(await outcome).toBe("timeout");
  hub.socket.answer("send", { seq: 5 });
  expect(seen).toEqual([5]);
});

test("p1_requests_in_flight_fail_with_the_connection", async () => {
  await live();
  const outcome = connection.request({ type: "send" }).catch((refusal: Refusal) => refusal.code);
  hub.socket.end(1006);
  expect(await outcome).toBe("disconnected");
  expect(await connection.request({ type: "x" }).catch((refusal: Refusal) => refusal.code)).toBe("disconnected");
});

test("p1_frames_that_are_no_frames_disturb_nobody", async () => {
  await live();
  for (const data of ["", "{", "[]", "null", "3", '{"type":3}', new ArrayBuffer(2)]) {
    hub.socket.onmessage?.({ data } as never);
  }
  hub.socket.say({ type: "reply", id: 999, ok: true });
  expect(pushes).toEqual([]);
  expect(connection.state.value.kind).toBe("live");
});

test("p1_the_owner_may_overrule_a_stop_once", async () => {
  await live();
  comeBack = (code) => code === 4502;
  hub.socket.end(4502);
  expect(connection.state.value.kind).toBe("connecting");
  expect(hub.sockets).toHaveLength(2);
});
