import { createHmac } from "node:crypto";

/** A JWT by HS256, good for an hour. */
export function sign(claims: Record<string, unknown>, secret: string): string {
  const exp = Math.floor(Date.now() / 1_000) + 3_600;
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const content = `${part({ alg: "HS256", typ: "JWT" })}.${part({ exp, ...claims })}`;
  return `${content}.${createHmac("sha256", secret).update(content).digest("base64url")}`;
}
