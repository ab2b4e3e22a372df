import { expect, test } from "vitest";
import type { VisitorClient } from "../src/index.js";
import { conversation, type FakeHub, visitorHello } from "./fake_hub.js";
import { texts, type Visit, visits } from "./visit.js";

let visit: Visit;
let hub: FakeHub;
let client: VisitorClient;

visits((next) => {
  visit = next;
  ({ hub, client } = visit);
});

test("v6_an_identity_that_ran_out_is_asked_for_anew_and_nothing_is_forgotten", async () => {
  client.identify("jwt-1");
  await visit.chatting();
  visit.renewals = 0;
  hub.socket.end(1006);
  await hub.pass(1_000);
  hub.socket.accept();
  hub.socket.refuse("hello", { code: "unauthorized" });
  hub.socket.end(4502);
  await hub.pass(10_000);
  expect(visit.renewals).toBe(1);
  expect(client.state.value.connection.kind).toBe("connecting");
  expect([visit.token, texts(client.state.value)]).toEqual(["token-1", ["Hi"]]);
  client.send("Still here?");

  client.identify("jwt-2");
  hub.socket.accept();
  expect(hub.socket.last("hello")).toMatchObject({ identity: "jwt-2", token: "token-1", after: { seq: 2 } });
  const back = { recovered: true, conversation: conversation({ state: "assigned", seq: 2 }) };
  hub.socket.answer("hello", visitorHello(back));
  await hub.pass();
  expect(hub.socket.last("send")).toMatchObject({ text: "Still here?" });
  // And again when that one has run out.
  hub.socket.end(1006);
  await hub.pass(1_000);
  hub.socket.accept();
  hub.socket.end(4502);
  expect(visit.renewals).toBe(2);
});

test("v6_an_identity_that_is_not_taken_either_stops_and_a_person_may_have_it_asked_for_again", async () => {
  client.identify("jwt-1");
  visit.renewals = 0;
  client.connect();
  hub.socket.accept();
  hub.socket.end(4502);
  client.identify("no better");
  hub.socket.accept();
  hub.socket.end(4502);
  expect(client.state.value.connection).toMatchObject({ kind: "stopped", code: 4502 });
  client.connect();
  hub.socket.accept();
  hub.socket.end(4502);
  expect(visit.renewals).toBe(2);
});

test("v6_a_page_that_was_asked_and_has_no_identity_leaves_the_visitor_told_and_may_be_asked_again", async () => {
  client.identify("jwt-1");
  visit.renewals = 0;
  client.connect();
  hub.socket.accept();
  hub.socket.end(4502);
  await hub.pass(14_999);
  expect(client.state.value.connection.kind).toBe("connecting");
  await hub.pass(1);
  expect(client.state.value.connection).toMatchObject({ kind: "stopped", code: 4502 });
  client.connect();
  hub.socket.accept();
  hub.socket.end(4502);
  expect(visit.renewals).toBe(2);
});

test("v6_where_the_page_cannot_be_asked_a_refused_identity_stops", async () => {
  client.identify("jwt-1");
  client.connect();
  hub.socket.accept();
  hub.socket.end(4502);
  expect(client.state.value.connection).toMatchObject({ kind: "stopped", code: 4502 });
});

test("v6_with_an_identity_a_token_that_is_not_taken_is_still_forgotten", async () => {
  visit.token = "forged";
  visit.renewals = 0;
  client.identify("jwt-1");
  client.connect();
  hub.socket.accept();
  hub.socket.end(4502);
  client.identify("jwt-2");
  hub.socket.accept();
  hub.socket.end(4502);
  hub.socket.accept();
  expect(hub.socket.last("hello")).not.toHaveProperty("token");
  expect(hub.socket.last("hello")).toMatchObject({ identity: "jwt-2" });
});
