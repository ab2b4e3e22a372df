import { fill, words } from "../words.js";
import { closed } from "./closed.js";
import { composer } from "./composer.js";
import { DRAFT } from "./draft.js";
import { header } from "./header.js";
import { log } from "./log.js";
import { notice } from "./notice.js";
import { questionCard } from "./question.js";
import type { Scene } from "./scene.js";
import { type Drawing, h } from "./view.js";
import { wait } from "./wait.js";

/** The chat window: the client's state, drawn. */
export function panel(scene: Scene): Drawing {
  const { state, shown, alone, asked, memory, ui } = scene;
  const now = state.conversation?.state;
  const question = now === "bot" || now === "offline" ? asked : null;
  const end = now === "closed";
  // A text is not taken away from whoever writes it: until the question is answered there are two boxes.
  if (memory.get(DRAFT) !== null) ui.beside = question?.card;
  return (
    <section
      class="panel"
      role="dialog"
      aria-label={words.panel}
      aria-modal={alone && "true"}
      tabindex={-1}
      hidden={!shown}
      made={scene.scroll.attach}
      onKeyDown={(event) => {
        if (event.key === "Tab" && alone) circle(event);
        // Escape also gives up the composition of a word.
        if (event.key !== "Escape" || event.isComposing) return;
        const menu = event.currentTarget.querySelector<HTMLDetailsElement>(".more[open]");
        if (!menu) scene.dismiss();
        else {
          menu.open = false;
          menu.querySelector("summary")?.focus();
        }
      }}
    >
      {header(scene)}
      {notice(scene)}
      {log(scene)}
      <div class="foot">
        <p class="soft typing" role="status">
          {state.agentTyping && fill(words.typing, scene.speaker)}
        </p>
        {question && questionCard(scene, question)}
        {now === "waiting" && wait(scene)}
        {end && closed(scene)}
        {now && !end && (question?.ask.kind !== "capture" || ui.beside === question.card) && composer(scene)}
      </div>
    </section>
  );
}

/** Where the window covers the page, the keyboard stays in it: after the last comes the first. */
function circle(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  const all = event.currentTarget.querySelectorAll<HTMLElement>("button, input, textarea, a, summary, [tabindex='0']");
  const stops = [...all].filter((stop) => stop.checkVisibility() && !stop.matches(":disabled"));
  if (event.shiftKey) stops.reverse();
  const { activeElement } = event.currentTarget.getRootNode() as ShadowRoot;
  if (activeElement !== event.currentTarget && activeElement !== stops.at(-1)) return;
  event.preventDefault();
  stops[0]?.focus();
}
