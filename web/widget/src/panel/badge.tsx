import { fill, words } from "../words.js";
import { number } from "./formats.js";
import { type Drawing, h } from "./view.js";

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
