import { expect, test } from "vitest";
import { stopWords } from "../src/session/stop_words.js";
import { claimsOf, sameAgent, tokenInFragment, tokenInPaste } from "../src/session/token.js";

function encode(text: string): string {
  const bytes = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function jwt(claims: unknown): string {
  const part = (value: unknown) => encode(JSON.stringify(value));
  return `${part({ alg: "HS256" })}.${part(claims)}.signature`;
}

test("p1_a_token_is_found_in_the_fragment_and_in_what_is_pasted", () => {
  expect(tokenInFragment("#token=a.b.c")).toBe("a.b.c");
  expect(tokenInFragment("#other=1")).toBeNull();
  expect(tokenInFragment("")).toBeNull();
  expect(tokenInPaste(" a.b.c\n")).toBe("a.b.c");
  expect(tokenInPaste("http://127.0.0.1:8080/#token=a.b.c")).toBe("a.b.c");
  expect(tokenInPaste("http://127.0.0.1:8080/#nothing")).toBeNull();
  expect(tokenInPaste("  ")).toBeNull();
});

test("p1_the_inbox_reads_who_a_token_is_and_until_when", () => {
  expect(claimsOf(jwt({ sub: "jane", exp: 1_700_000_000, name: "Zoë" }))).toEqual({
    sub: "jane",
    workspace: "default",
    expiresAt: 1_700_000_000_000,
  });
  expect(claimsOf("rubbish")).toBeNull();
  expect(claimsOf(jwt({ name: "nobody" }))).toBeNull();
  expect(sameAgent(jwt({ sub: "jane", exp: 1 }), jwt({ sub: "jane", exp: 2 }))).toBe(true);
  expect(sameAgent(jwt({ sub: "jane" }), jwt({ sub: "jane", workspace: "w" }))).toBe(false);
  expect(sameAgent("x", "x")).toBe(false);
});

test("p1_every_code_that_says_stop_is_told_in_words_with_a_cure", () => {
  expect(stopWords(4502).cure).toBe("sign_in");
  for (const code of [1003, 1007, 1008, 1009, 4500, 4501, 4503, 4504, 4505]) {
    const words = stopWords(code, "");
    expect(words.cure).toBe("again");
    expect(words.text.length).toBeGreaterThan(20);
  }
  expect(stopWords(4999, "because").text).toContain("because");
});
