import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { HostTokens, type TokenWanted } from "../src/session/host_tokens.js";

const HOST = "https://crm.example";
const OTHER = "https://other.example";

/** A window that remembers what it was told, and for whom. */
function windowOf() {
  const told: [reason: string, origin: string][] = [];
  return { told, postMessage: ({ reason }: TokenWanted, origin: string) => void told.push([reason, origin]) };
}

function jwt(exp?: number): string {
  const part = (value: unknown) => btoa(JSON.stringify(value)).replaceAll("=", "");
  return `${part({ alg: "HS256" })}.${part({ sub: "jane", ...(exp === undefined ? {} : { exp: exp / 1_000 }) })}.s`;
}

let around: ReturnType<typeof windowOf>;
let tokens: string[];
let host: HostTokens;
const hear = (data: unknown, origin = HOST, source: unknown = around) => host.heard({ origin, source, data });
const hand = (token: string) => hear({ type: "usher.token", token });

beforeEach(() => {
  vi.useFakeTimers();
  around = windowOf();
  tokens = [];
  host = new HostTokens({
    windows: [around],
    origins: [HOST],
    signIn: (token) => tokens.push(token),
    now: () => Date.now(),
  });
});

afterEach(() => vi.useRealTimers());

test("i9_the_application_is_asked_at_the_start_and_again_until_it_answers_ever_more_rarely", () => {
  expect(around.told).toEqual([["start", HOST]]);
  vi.advanceTimersByTime(1_000);
  expect(around.told).toHaveLength(2);
  vi.advanceTimersByTime(10 * 60_000);
  const many = around.told.length;
  expect(many).toBeLessThan(30);
  hand(jwt());
  expect(tokens).toEqual([jwt()]);
  vi.advanceTimersByTime(60 * 60_000);
  expect(around.told).toHaveLength(many);
});

test("i9_nobody_else_is_heard_and_nothing_else_is_a_token", () => {
  const token = jwt();
  const message = { type: "usher.token", token };
  for (const origin of [OTHER, "null", "", `${HOST}.evil.example`, `${HOST}:444`, HOST.replace("https", "http")]) {
    hear(message, origin);
  }
  hear(message, HOST, windowOf());
  hear(message, HOST, null);
  for (const odd of [null, undefined, 5, "usher.token", token, [], {}, { type: "usher.token" }, { token }]) hear(odd);
  for (const odd of [null, 5, "", {}, "x".repeat(8_193)]) hear({ type: "usher.token", token: odd });
  hear({ type: "token", token });
  expect(tokens).toEqual([]);
  hear(message);
  expect(tokens).toEqual([token]);
});

test("i9_a_token_is_renewed_a_minute_before_its_end_or_at_four_fifths_of_its_life", () => {
  const wants = () => around.told.map(([reason]) => reason);
  hand(jwt(Date.now() + 3_600_000));
  host.taken();
  vi.advanceTimersByTime(3_539_000);
  expect(wants()).toEqual(["start"]);
  vi.advanceTimersByTime(1_000);
  expect(wants()).toEqual(["start", "renewal"]);
  // No answer: asked again.
  vi.advanceTimersByTime(1_000);
  expect(wants()).toEqual(["start", "renewal", "renewal"]);
  hand(jwt(Date.now() + 50_000));
  vi.advanceTimersByTime(39_000);
  expect(wants()).toHaveLength(3);
  vi.advanceTimersByTime(1_000);
  expect(wants()).toHaveLength(4);
  expect(tokens).toHaveLength(2);
});

test("i9_a_token_of_a_life_that_no_timer_can_count_is_not_asked_for_at_once", () => {
  hand(jwt(Date.now() + 100 * 86_400_000));
  vi.advanceTimersByTime(99 * 86_400_000);
  expect(around.told).toHaveLength(1);
  vi.advanceTimersByTime(86_400_000);
  expect(around.told.length).toBeGreaterThan(1);
});

test("i9_an_application_that_has_only_tokens_the_hub_refuses_is_not_asked_all_the_time", () => {
  for (let turn = 0; turn < 1_000; turn += 1) {
    hand(jwt(Date.now() + 3_600_000 + turn));
    host.ended();
    vi.advanceTimersByTime(1_000);
  }
  expect(around.told.length).toBeLessThan(1 + 5 + 1_000 / 30 + 2);
});

test("i9_one_that_the_hub_took_for_a_while_is_asked_for_again_at_once_when_it_ends", () => {
  hand(jwt());
  host.taken();
  host.ended();
  vi.advanceTimersByTime(0);
  expect(around.told.at(-1)).toEqual(["ended", HOST]);
});

test("i9_who_signed_out_or_in_by_other_means_is_not_signed_in_again_unasked", () => {
  hand(jwt(Date.now() + 100_000));
  host.rest();
  vi.advanceTimersByTime(1_000_000);
  expect(around.told).toHaveLength(1);
});

test("i9_an_application_that_hands_over_the_same_or_ended_tokens_is_asked_ever_more_rarely", () => {
  const same = jwt(Date.now() + 8_000);
  hand(same);
  host.taken();
  const asked = () => around.told.length;
  const answer = (token: () => string, taken: boolean) => {
    const before = asked();
    let seen = before;
    for (let passed = 0; passed < 60_000; passed += 100) {
      vi.advanceTimersByTime(100);
      if (asked() === seen) continue;
      seen = asked();
      hand(token());
      if (!taken) host.ended();
    }
    return asked() - before;
  };
  expect(answer(() => same, true)).toBeLessThan(8);
  expect(tokens).toEqual([same]);
  // Others each time, which the hub refuses: they have ended.
  expect(answer(() => jwt(Date.now() - 3_000), false)).toBeLessThan(12);
});
