import { useEffect, useState } from "preact/hooks";
import type { ClockOffset, Signal } from "../../../client/src/index.js";

/** The value of a signal, drawn again whenever it changes. */
export function useSignal<T>(signal: Signal<T>): T {
  const [value, setValue] = useState(signal.value);
  useEffect(() => signal.subscribe((next) => setValue(() => next)), [signal]);
  return value;
}

/** Whole seconds left until a hub time, counted down. */
export function useCountdown(clock: ClockOffset, deadline: number): number {
  const [, redraw] = useState(0);
  const left = clock.left(deadline);
  useEffect(() => {
    if (left <= 0) return;
    // Wakes when the shown second changes, not a second after some other moment.
    const timer = setTimeout(() => redraw((count) => count + 1), left % 1_000 || 1_000);
    return () => clearTimeout(timer);
  });
  return Math.ceil(left / 1_000);
}
