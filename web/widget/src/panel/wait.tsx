import { words } from "./words.js";

interface Props {
  /** What is left of it, milliseconds. */
  left: number;
  position: number | null;
}

/** The wait: what is left of it, and the place in the queue. */
export function Wait({ left, position }: Props) {
  const seconds = Math.ceil(left / 1_000);
  return (
    <div class="wait">
      <p role="status">
        {words.waiting}
        {position !== null && `. ${words.place(position)}`}
      </p>
      <span role="timer" aria-label={words.timeLeft}>
        {Math.floor(seconds / 60)}:{String(seconds % 60).padStart(2, "0")}
      </span>
    </div>
  );
}
