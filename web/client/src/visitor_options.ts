import type { Env } from "./env.js";
import type { Page } from "./generated.js";
import type { OutboxStore } from "./outbox_store.js";

/** Where the visitor token lives between pages. Read at each `hello`, so that two tabs become one visitor. */
export interface TokenStore {
  get(): string | null;
  set(token: string | null): void;
}

export interface VisitorOptions {
  /** `wss://hub/v1/visitor` */
  url: string;
  playbook: string;
  tokens: TokenStore;
  outbox: OutboxStore;
  page?: Page;
  locale?: string;
  /** A JWT signed by the site. */
  identity?: string;
  env?: Env;
}
