import type { ClockOffset } from "../../../client/src/index.js";
import { useCountdown } from "./hooks.js";
import { words } from "./words.js";

/** The wait: what is left of it by the hub's clock, and the place in the queue. */
export function Wait({ clock, deadline, position }: { clock: ClockOffset; deadline: number; position: number | null }) {
  const seconds = useCountdown(clock, deadline);
  const shown = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  return (
    <div class="wait">
      <p role="status">
        {words.waiting}
        {position !== null && `. ${words.place(position)}`}
      </p>
      <span role="timer" aria-label={words.timeLeft}>
        {shown}
      </span>
    </div>
  );
}
