import { fill, words } from "../words.js";
import { countdown, number } from "./formats.js";
import type { Scene } from "./scene.js";
import { type Child, h } from "./view.js";

/** The wait: what is left of it by the hub's clock, and the place in the queue. */
export function wait({ state, client }: Scene): Child {
  const { deadline = null, position = null } = state.conversation ?? {};
  const began = state.events.findLast((event) => event.type === "waiting");
  if (deadline === null || began?.type !== "waiting") return null;
  const left = client.clock.left(deadline);
  return (
    <div class="bubble">
      <div class="row">
        <p role="status">
          {words.waiting}
          {position !== null && ` ${position === 1 ? words.next : fill(words.place, number(position))}`}
        </p>
        <span role="timer" aria-label={words.waiting}>
          {countdown(left)}
        </span>
      </div>
      <progress aria-hidden="true" max={began.wait_ms} value={left} />
    </div>
  );
}
