import { fill, words } from "../words.js";
import { number } from "./formats.js";
import type { Scene } from "./scene.js";
import { type Drawing, h } from "./view.js";

/** What is new is read out here, each line once; where it stands in the log is silent. */
export function announcements({ ui }: Scene): Drawing {
  return (
    <div class="quiet" aria-live="polite">
      {ui.announced.map(([key, text]) => (
        <p key={key}>{text}</p>
      ))}
    </div>
  );
}

/** How much stands unread, at the button. */
export function badge(unread: number): Drawing {
  return (
    <div role="status" class={unread > 0 && "badge"}>
      {unread > 0 && [
        <span aria-hidden="true">{number(unread)}</span>,
        <span class="quiet" id="unread">
          {fill(words.unread, number(unread))}
        </span>,
      ]}
    </div>
  );
}
