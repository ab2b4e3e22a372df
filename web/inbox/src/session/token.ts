/** What the inbox reads in its own token; the hub alone decides whether it is valid. */
export interface Claims {
  sub: string;
  workspace: string;
  /** Milliseconds since the epoch. */
  expiresAt: number | null;
}

const NAME = "usher.token";

/** The token in `#token=…`, or null. */
export function tokenInFragment(hash: string): string | null {
  return new URLSearchParams(hash.replace(/^#/, "")).get("token") || null;
}

/** A token as people paste it: bare, with blanks around it, or a whole sign-in link. */
export function tokenInPaste(text: string): string | null {
  const trimmed = text.trim();
  const hash = trimmed.indexOf("#");
  if (hash >= 0) return tokenInFragment(trimmed.slice(hash));
  return trimmed === "" ? null : trimmed;
}

export function claimsOf(token: string): Claims | null {
  try {
    const middle = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(middle), (char) => char.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes)) as { sub?: unknown; workspace?: unknown; exp?: unknown };
    if (typeof claims.sub !== "string") return null;
    return {
      sub: claims.sub,
      workspace: typeof claims.workspace === "string" ? claims.workspace : "default",
      expiresAt: typeof claims.exp === "number" ? claims.exp * 1_000 : null,
    };
  } catch {
    return null;
  }
}

/** Whether two tokens are the same agent's. */
export function sameAgent(one: string, other: string): boolean {
  const [a, b] = [claimsOf(one), claimsOf(other)];
  return a !== null && b !== null && a.sub === b.sub && a.workspace === b.workspace;
}

/** Keeps the token for this tab only, so that a reload stays signed in and nothing outlives the tab. */
export class TokenKeep {
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  get(): string | null {
    try {
      return this.#storage.getItem(NAME);
    } catch {
      return null;
    }
  }

  set(token: string | null): void {
    try {
      if (token === null) this.#storage.removeItem(NAME);
      else this.#storage.setItem(NAME, token);
    } catch {
      // A forbidden storage costs the reload, not the session.
    }
  }
}
