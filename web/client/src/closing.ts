/** What a close code asks of the client (protocol section 1, Closing). */
export type Verdict = "back" | "stop";

const FATAL_STANDARD = new Set([1003, 1007, 1008, 1009]);

export function verdict(code: number): Verdict {
  if (code >= 4500 && code <= 4999) return "stop";
  if (code >= 4000) return "back";
  return FATAL_STANDARD.has(code) ? "stop" : "back";
}

/** The close code that a refused `hello` stands for, should the hub's own not arrive. */
export function codeOfRefusedHello(error: string): number {
  switch (error) {
    case "unauthorized":
      return 4502;
    case "forbidden":
    case "not_found":
      return 4503;
    case "invalid":
    case "unsupported":
      return 4500;
    default:
      return 4004;
  }
}
