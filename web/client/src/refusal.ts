import type { ErrorBody, ErrorCode } from "./generated.js";

/** `timeout`: no reply within 10 s; `disconnected`: the connection ended first. Both may have taken effect. */
export type RefusalCode = ErrorCode | "timeout" | "disconnected";

/** A request that was not answered `ok`. `message` is the hub's own words. */
export class Refusal extends Error {
  readonly code: RefusalCode;
  readonly field: string | undefined;
  /** Who was first, for `conflict`. */
  readonly assignee: { id: string; name: string } | undefined;
  readonly at: number | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: RefusalCode, body: Partial<ErrorBody> = {}) {
    super(body.message ?? code);
    this.name = "Refusal";
    this.code = code;
    const { field, assignee, at, retry_after_ms } = body;
    this.field = field ?? undefined;
    this.assignee = assignee ?? undefined;
    this.at = at ?? undefined;
    this.retryAfterMs = retry_after_ms ?? undefined;
  }

  /** Whether the same request, with the same key, may be sent again. */
  get retryable(): boolean {
    return (
      this.code === "timeout" ||
      this.code === "disconnected" ||
      this.code === "rate_limited" ||
      this.code === "unavailable"
    );
  }
}

/** What the hub would not take, found before it was sent. */
export function tooLong(): Refusal {
  return new Refusal("too_large", { message: "That is too long to be sent." });
}
