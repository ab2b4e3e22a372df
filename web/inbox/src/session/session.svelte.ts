import { AgentClient, webStore } from "../../../client/src/index.js";
import { Desk } from "../desk.svelte.js";
import type { Tastes } from "../shell/tastes.svelte.js";
import type { HostTokens } from "./host_tokens.js";
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
  /** Who hands over tokens, where an application stands around this page. */
  #host = $state.raw<HostTokens | null>(null);
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

  /** Whether an application may sign in. */
  get hosted(): boolean {
    return this.#host !== null;
  }

  /** Asks this application for tokens from now on. */
  hostedBy(host: HostTokens): void {
    this.#host = host;
  }

  signIn(token: string): void {
    const before = this.#token;
    this.#host?.rest();
    this.#token = token;
    this.#options.keep.set(token);
    this.ended = null;
    if (this.#desk !== null && before !== null && sameAgent(before, token)) {
      void this.#desk.renew(token);
      return;
    }
    this.#leave();
    const { tastes, storage } = this.#options;
    this.#desk = new Desk({ client: this.#connect(token), token, tastes, storage });
  }

  signOut(): void {
    this.#host?.rest();
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
      if (this.#desk?.client !== client) return;
      if (connection.kind === "live") this.#host?.taken();
      if (connection.kind !== "stopped") return;
      const words = stopWords(connection.code, connection.reason);
      if (words.cure !== "sign_in") return;
      // What was being written stays on the desk for the same agent's next token.
      this.#options.keep.set(null);
      this.ended = words;
      this.#host?.ended();
    });
    client.connect();
    return client;
  }

  #leave(): void {
    const desk = this.#desk;
    this.#desk = null;
    if (desk === null) return;
    desk.leave();
    const { storage } = this.#options;
    const names = Array.from({ length: storage.length }, (_, index) => storage.key(index));
    for (const name of names) if (name?.startsWith(UNSENT)) storage.removeItem(name);
  }
}
