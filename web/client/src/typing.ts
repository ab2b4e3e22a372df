import type { Env, Timer } from "./env.js";
import { Signal } from "./signal.js";

/** A longer text is not shown while it is typed: in UTF-8 it might be more than the hub takes. */
const PREVIEW_CHARS = 5_000;

/** A hub shows typing for 6 s at most; said again every 3 s it stays without a gap. */
const REPEAT_MS = 3_000;
const PREVIEW_MS = 700;
const IDLE_MS = 4_000;
const SHOWN_MS = 6_000;

/**
 * Tells that a person types: at the first key, again while they go on, and when they stop. Of what they let the other
 * side see the newest is told a moment later, so that the last letters before a pause are not lost.
 */
export class TypingSender {
  readonly #env: Env;
  readonly #tell: (on: boolean, preview: string | undefined) => void;
  #on = false;
  #toldAt = 0;
  #toldPreview: string | undefined;
  #rest: Timer | undefined;
  #idle: Timer | undefined;

  constructor(env: Env, tell: (on: boolean, preview: string | undefined) => void) {
    this.#env = env;
    this.#tell = tell;
  }

  /** The text box changed. Shown to the other side only where the playbook allows it, and the hub takes it. */
  typed(text: string, withPreview: boolean): void {
    if (text.trim() === "") {
      this.stop();
      return;
    }
    const preview = withPreview && text.length <= PREVIEW_CHARS ? text : undefined;
    const news = preview !== this.#toldPreview;
    const due = this.#on ? this.#toldAt + (news ? PREVIEW_MS : REPEAT_MS) - this.#env.now() : 0;
    this.#env.cancel(this.#rest);
    if (due <= 0) this.#say(preview);
    else if (news) this.#rest = this.#env.after(due, () => this.#say(preview));
    this.#env.cancel(this.#idle);
    this.#idle = this.#env.after(IDLE_MS, () => this.stop());
  }

  /** Sent, emptied or left alone. */
  stop(): void {
    this.#env.cancel(this.#idle);
    this.#env.cancel(this.#rest);
    if (!this.#on) return;
    this.#on = false;
    this.#toldPreview = undefined;
    this.#tell(false, undefined);
  }

  #say(preview: string | undefined): void {
    this.#on = true;
    this.#toldAt = this.#env.now();
    this.#toldPreview = preview;
    this.#tell(true, preview);
  }
}

/** The other side's typing, which fades by itself. */
export class TypingShown {
  /** `null` while nobody types; else what they let us see, perhaps nothing. */
  readonly value = new Signal<{ preview: string | null } | null>(null);
  readonly #env: Env;
  #fade: Timer | undefined;

  constructor(env: Env) {
    this.#env = env;
  }

  show(on: boolean, preview?: string | null): void {
    this.#env.cancel(this.#fade);
    this.value.set(on ? { preview: preview ?? null } : null);
    if (on) this.#fade = this.#env.after(SHOWN_MS, () => this.value.set(null));
  }
}
