import type { ErrorCode } from "../../../client/src/index.js";

/** One thing that is wrong with a playbook: in which card, in which field, and why. */
export interface Fault {
  card: string | null;
  field: string | null;
  message: string;
}

/** What the hub answered in place of what was asked for (RFC 9457), or `offline` when it did not answer. */
export class Problem extends Error {
  readonly status: number;
  readonly code: ErrorCode | "offline";
  readonly faults: readonly Fault[];

  constructor(status: number, body: { code?: ErrorCode; detail?: string; faults?: Fault[] }) {
    super(body.detail ?? `HTTP ${status}`);
    this.status = status;
    this.code = body.code ?? (status === 0 ? "offline" : "unavailable");
    this.faults = body.faults ?? [];
  }
}

/** The hub's REST interface, as this agent. */
export class Rest {
  readonly #token: () => string;

  constructor(token: () => string) {
    this.#token = token;
  }

  /** Rejects with a {@link Problem}. */
  async get<T>(path: string): Promise<T> {
    return (await (await this.ask("GET", path)).json()) as T;
  }

  /** Answers null where the hub has nothing to say (204). */
  async send<T>(method: "POST" | "PUT" | "DELETE", path: string, body?: unknown, version?: number): Promise<T | null> {
    const headers: Record<string, string> = version === undefined ? {} : { "if-match": `"${version}"` };
    const response = await this.ask(method, path, body, headers);
    return response.status === 204 ? null : ((await response.json()) as T);
  }

  async ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    const order: RequestInit = {
      method,
      cache: "no-store",
      headers: { authorization: `Bearer ${this.#token()}`, ...headers },
    };
    if (body !== undefined) {
      order.headers = { ...order.headers, "content-type": "application/json" };
      order.body = JSON.stringify(body);
    }
    const response = await fetch(path, order).catch(() => null);
    if (response === null) throw new Problem(0, {});
    if (response.ok) return response;
    throw new Problem(response.status, await response.json().catch(() => ({})));
  }
}
