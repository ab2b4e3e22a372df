import { claimsOf } from "./token.js";

/** What the inbox says to the application around it, or to the one that opened it. */
export interface TokenWanted {
  type: "usher.token_wanted";
  /** `start`: nobody handed one over yet; `renewal`: the last one nears its end; `ended`: the hub takes it no more. */
  reason: "start" | "renewal" | "ended";
}

/** What the application answers, or says by itself. */
export interface TokenHandedOver {
  type: "usher.token";
  token: string;
}

/** The part of a window that is used. */
export interface HostWindow {
  postMessage(message: TokenWanted, origin: string): void;
}

export interface HostOptions {
  /** The windows that may be the application's. */
  windows: readonly HostWindow[];
  /** Origins the hub was told of. */
  origins: readonly string[];
  signIn(token: string): void;
  /** Milliseconds since the epoch, by the hub's clock. */
  now(): number;
}

/** A hub refuses a longer `hello`. */
const MAX_CHARS = 8_192;
/** A token is asked for anew this long before its end, or at four fifths of its life, whichever is later. */
const BEFORE_END_MS = 60_000;
/** Who gives no answer, or only bad ones, is asked after these times, ever longer ones. */
const FIRST_GAP_MS = 1_000;
const MAX_GAP_MS = 30_000;
/** What a timer can count to. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Tokens from an application that the hub was told of, by `postMessage`: asked for at the start, before one ends and when
 * the hub takes one no more. Nobody else is asked, and nobody else's answer is heard.
 */
export class HostTokens {
  readonly #options: HostOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #gap = 0;
  /** The last one that was handed over: again it is no news, and no answer to whoever asks for another. */
  #token: string | undefined;

  constructor(options: HostOptions) {
    this.#options = options;
    this.#ask("start");
  }

  /** A `message` event of this page. */
  heard({ origin, source, data }: { origin: string; source: unknown; data: unknown }): void {
    const { origins, windows } = this.#options;
    if (!origins.includes(origin) || !windows.some((window) => window === source)) return;
    const token = tokenIn(data);
    if (token === null || token === this.#token) return;
    this.#token = token;
    this.#options.signIn(token);
    this.#renewIn(token);
  }

  /** The hub took the token. */
  taken(): void {
    this.#gap = 0;
  }

  /** The hub takes it no more. An application that has only such is not asked all the time. */
  ended(): void {
    this.#later(this.#gap, () => this.#ask("ended"));
  }

  /** Somebody signed in by other means, or signed out: nothing is asked for until it has to be. */
  rest(): void {
    clearTimeout(this.#timer);
    this.#token = undefined;
  }

  #ask(reason: TokenWanted["reason"]): void {
    for (const window of this.#options.windows) {
      // The browser delivers it only where the origin is this one.
      for (const origin of this.#options.origins) window.postMessage({ type: "usher.token_wanted", reason }, origin);
    }
    this.#gap = Math.min(Math.max(2 * this.#gap, FIRST_GAP_MS), MAX_GAP_MS);
    this.#later(this.#gap, () => this.#ask(reason));
  }

  #renewIn(token: string): void {
    clearTimeout(this.#timer);
    const end = claimsOf(token)?.expiresAt ?? null;
    if (end === null) return;
    const life = end - this.#options.now();
    // One that has ended already is the hub's to refuse.
    if (life <= 0) return;
    this.#waitUntil(end - Math.min(BEFORE_END_MS, life / 5));
  }

  #waitUntil(at: number): void {
    const left = at - this.#options.now();
    if (left > MAX_TIMER_MS) {
      this.#later(MAX_TIMER_MS, () => this.#waitUntil(at));
      return;
    }
    this.#later(Math.max(FIRST_GAP_MS, left), () => {
      this.#gap = 0;
      this.#ask("renewal");
    });
  }

  #later(ms: number, run: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(run, ms);
  }
}

function tokenIn(data: unknown): string | null {
  const { type, token } = (data ?? {}) as Partial<TokenHandedOver>;
  const fits = type === "usher.token" && typeof token === "string" && token !== "" && token.length <= MAX_CHARS;
  return fits ? token : null;
}
