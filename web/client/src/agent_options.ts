import type { Env } from "./env.js";
import type { OutboxStore } from "./outbox_store.js";

export interface AgentOptions {
  /** `wss://hub/v1/agent` */
  url: string;
  /** The agent's JWT. */
  token: string;
  outbox?: OutboxStore;
  env?: Env;
}

export interface ListQuery {
  before?: string;
  limit?: number;
  query?: string;
}
