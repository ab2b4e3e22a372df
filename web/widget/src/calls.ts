import type { WidgetEvents } from "./contract.js";

/** What a page may ask of the widget. */
export interface Verbs {
  open(): void;
  close(): void;
  /**
   * A JWT signed by the site says who the visitor is. It runs out: a page that stays open listens to `identify`, by
   * which it is asked for a fresh one.
   */
  identify(identity: string): void;
  on(name: keyof WidgetEvents, listener: (detail: never) => void): void;
  /** Consent was given: for a script tag with `data-start="manual"`. */
  start(): void;
  /** Takes the widget away and forgets the visitor. */
  shutdown(): void;
}

export type Call = [keyof Verbs, ...unknown[]];

type Usher = Verbs & { push(...calls: Call[]): void };

declare global {
  interface Window {
    /** Before the script has loaded: an array of calls, as `Usher.push(["open"])`. After that: the verbs themselves. */
    Usher?: Usher | Call[];
  }
}

/** Whether a widget is on this page already. */
export function taken(): boolean {
  return window.Usher !== undefined && !Array.isArray(window.Usher);
}

/** Puts the verbs in place of the queue and makes the calls that waited in it. */
export function answerCalls(verbs: Verbs): void {
  const waiting = Array.isArray(window.Usher) ? window.Usher : [];
  const push = (...calls: Call[]) => {
    for (const [verb, ...rest] of calls) {
      if (Object.hasOwn(verbs, verb)) (verbs[verb] as (...values: unknown[]) => void)(...rest);
    }
  };
  window.Usher = { ...verbs, push };
  push(...waiting);
}
