import type { ErrorBody, ErrorCode } from "./generated.js";

/** `timeout`: no reply within 10 s; `disconnected`: the connection ended first. Both may have taken effect. */
export type RefusalCode = ErrorCode | "timeout" | "disconnected";

const RETRYABLE: readonly RefusalCode[] = ["timeout", "disconnected", "rate_limited", "unavailable"];

/** A request that was not answered `ok`. `message` is the hub's own words. */
export class Refusal extends Error {
  readonly code: RefusalCode;
  /** What else the hub said: `field`, `assignee` and `at` of a conflict, `retry_after_ms`. */
  readonly body: Partial<ErrorBody>;

  constructor(code: RefusalCode, body: Partial<ErrorBody> = {}) {
    super(body.message ?? code);
    this.code = code;
    this.body = body;
  }

  /** Whether the same request, with the same key, may be sent again. */
  get retryable(): boolean {
    return RETRYABLE.includes(this.code);
  }
}

/** What the hub would not take, found before it was sent. */
export function tooLong(): Refusal {
  return new Refusal("too_large", { message: "That is too long to be sent." });
}
