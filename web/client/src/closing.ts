/** What a close code asks of the client (protocol section 1, Closing). */
export type Verdict = "back" | "stop";

const FATAL_STANDARD = new Set([1003, 1007, 1008, 1009]);

export function verdict(code: number): Verdict {
  if (code >= 4500 && code <= 4999) return "stop";
  if (code >= 4000) return "back";
  return FATAL_STANDARD.has(code) ? "stop" : "back";
}

const REFUSED_HELLO: Record<string, number> = {
  unauthorized: 4502,
  forbidden: 4503,
  not_found: 4503,
  invalid: 4500,
  unsupported: 4500,
};

/** The close code that a refused `hello` stands for, should the hub's own not arrive. */
export function codeOfRefusedHello(error: string): number {
  return REFUSED_HELLO[error] ?? 4004;
}
