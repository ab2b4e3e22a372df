import { AgentClient, webStore } from "../../../client/src/index.js";
import { Desk } from "../desk.svelte.js";
import type { Tastes } from "../shell/tastes.svelte.js";
import { type StopWords, stopWords } from "./stop_words.js";
import { sameAgent, type TokenKeep } from "./token.js";

const UNSENT = "usher.unsent.";

export interface SessionOptions {
  /** `wss://hub/v1/agent` */
  url: string;
  keep: TokenKeep;
  storage: Storage;
  tastes: Tastes;
}

/** Who is signed in in this tab: nobody, or one agent with their desk. */
export class Session {
  /** Why the last one ended; shown on the sign-in page. */
  ended = $state.raw<StopWords | null>(null);
  #desk = $state.raw<Desk | null>(null);
  #token: string | null = null;
  readonly #options: SessionOptions;

  constructor(options: SessionOptions) {
    this.#options = options;
    const kept = options.keep.get();
    if (kept !== null) this.signIn(kept);
  }

  /** The desk to show: none while somebody has to sign in. */
  get desk(): Desk | null {
    return this.ended === null ? this.#desk : null;
  }

  signIn(token: string): void {
    const before = this.#token;
    this.#token = token;
    this.#options.keep.set(token);
    this.ended = null;
    if (this.#desk !== null && before !== null && sameAgent(before, token)) {
      void this.#desk.renew(token);
      return;
    }
    this.#leave();
    const { tastes } = this.#options;
    this.#desk = new Desk({ client: this.#connect(token), token, tastes });
  }

  signOut(): void {
    this.#leave();
    this.#token = null;
    this.#options.keep.set(null);
  }

  #connect(token: string): AgentClient {
    const client = new AgentClient({
      url: this.#options.url,
      token,
      outbox: webStore(this.#options.storage, UNSENT),
    });
    client.state.subscribe(({ connection }) => {
      if (connection.kind !== "stopped" || this.#desk?.client !== client) return;
      const words = stopWords(connection.code, connection.reason);
      if (words.cure !== "sign_in") return;
      // What was being written stays on the desk for the same agent's next token.
      this.#options.keep.set(null);
      this.ended = words;
    });
    client.connect();
    return client;
  }

  #leave(): void {
    const desk = this.#desk;
    this.#desk = null;
    if (desk === null) return;
    desk.leave();
    for (const name of Object.keys(this.#options.storage)) {
      if (name.startsWith(UNSENT)) this.#options.storage.removeItem(name);
    }
  }
}
