import type { Verbs } from "./contract.js";

export type Call = [verb: keyof Verbs, ...rest: unknown[]];

/** `renewed`: a loader of an older build left it, and another change of build would be one too many. */
export type Queue = Call[] & { renewed?: boolean };

type Usher = Verbs & { push(...calls: Call[]): void };

declare global {
  interface Window {
    /** Before the script has loaded: an array of calls, as `Usher.push(["open"])`. After that: the verbs themselves. */
    Usher?: Usher | Queue | undefined;
  }
}

/** The calls that wait for a widget; undefined where there is one already. */
export function queue(): Queue | undefined {
  const { Usher } = window;
  return Usher === undefined || Array.isArray(Usher) ? (Usher ?? []) : undefined;
}

/** Puts the verbs in place of the queue and makes the calls that waited in it. */
export function answerCalls(verbs: Verbs, waiting: Queue): void {
  const push = (...calls: Call[]) => {
    for (const [verb, ...rest] of calls) {
      if (Object.hasOwn(verbs, verb)) (verbs[verb] as (...values: unknown[]) => void)(...rest);
    }
  };
  window.Usher = { ...verbs, push };
  push(...waiting);
}
