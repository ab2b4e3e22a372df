/** What the client takes from the world around it, so that a test can bring its own. */

/** The part of a browser's WebSocket that the client uses. */
export interface SocketLike {
  send(text: string): void;
  close(code?: number, reason?: string): void;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
}

export type Timer = unknown;

export interface Env {
  /** Opens a socket to `url`, offering the subprotocol. */
  socket(url: string, protocol: string): SocketLike;
  /** Local milliseconds since the Unix epoch. */
  now(): number;
  /** A number in [0, 1). */
  random(): number;
  /** A key no other request of this author carries: 128 random bits. */
  key(): string;
  after(ms: number, run: () => void): Timer;
  cancel(timer: Timer): void;
}

interface Host {
  WebSocket: new (url: string, protocols?: string[]) => SocketLike;
  crypto: { getRandomValues(numbers: Uint32Array): Uint32Array };
  setTimeout(run: () => void, ms: number): Timer;
  clearTimeout(timer: Timer): void;
}

/** The browser's (or Node's) own. `crypto.randomUUID` would be shorter, but plain http pages lack it. */
export function hostEnv(): Env {
  const host = globalThis as unknown as Host;
  return {
    socket: (url, protocol) => new host.WebSocket(url, [protocol]),
    now: () => Date.now(),
    random: () => Math.random(),
    key: () => host.crypto.getRandomValues(new Uint32Array(4)).join("-"),
    after: (ms, run) => host.setTimeout(run, ms),
    cancel: (timer) => host.clearTimeout(timer),
  };
}
