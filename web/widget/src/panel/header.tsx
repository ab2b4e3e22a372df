import { isOpen } from "../../../client/src/index.js";
import { words } from "../words.js";
import { ICONS, icon } from "./icon.js";
import { picture } from "./rich.js";
import type { Scene } from "./scene.js";
import { type Child, type Drawing, h } from "./view.js";

/** Whom one talks with: the bot, or the agent who has the conversation. */
export function header(scene: Scene): Drawing {
  const { state, look, speaker } = scene;
  const { conversation, available } = state;
  const assignee = conversation?.assignee;
  const free = available ? words.online : words.away;
  return (
    <div class="head row">
      {face(speaker, assignee ? assignee.avatar : look.avatar)}
      <div class="title">
        <h2>{speaker}</h2>
        <p class={available || assignee ? "soft on" : "soft"}>
          {assignee ? words.withYou : available !== null && free}
        </p>
      </div>
      {/* With the end most of what it offers is gone, and so it is not left open. */}
      <details key={isOpen(conversation)} class="more" made={closing}>
        <summary class="icon" aria-label={words.more}>
          {icon(ICONS.more)}
        </summary>
        {menu(scene)}
      </details>
      <button class="icon" aria-label={words.close} onClick={scene.dismiss}>
        {icon(ICONS.close)}
      </button>
    </div>
  );
}

/** A picture, or the first letter of a name. */
export function face(name: string, source: string | null | undefined): Drawing {
  return (
    <span class="face" aria-hidden="true">
      {[...name][0]}
      {picture(source, "")}
    </span>
  );
}

function menu(scene: Scene): Drawing {
  const { state, ui, memory, client, live } = scene;
  return (
    <div class="menu" tabindex={-1}>
      <label>
        {words.sound}
        <input
          type="checkbox"
          checked={memory.get("sound") !== null}
          onChange={({ currentTarget }) => memory.set("sound", currentTarget.checked ? "1" : null)}
        />
      </label>
      {isOpen(state.conversation) && (
        <details>
          <summary>{words.end}</summary>
          <button class="bad" disabled={!live} onClick={() => ui.attempt("end", () => client.end())}>
            {words.endSure}
          </button>
          {complaint(scene, "end")}
        </details>
      )}
    </div>
  );
}

/** The menu, when the keyboard or the pointer goes elsewhere. No property of an element takes this listener. */
function closing(menu: HTMLDetailsElement): void {
  menu.addEventListener("focusout", ({ relatedTarget }) => {
    if (!menu.contains(relatedTarget as Node | null)) menu.open = false;
  });
}

/** What is wrong, named so that a field may point at it. */
export function complaint({ ui }: Scene, of: string): Child {
  const text = ui.complaint(of);
  return (
    text && (
      <p class="soft bad" id={`bad-${of}`} role="alert">
        {text}
      </p>
    )
  );
}
