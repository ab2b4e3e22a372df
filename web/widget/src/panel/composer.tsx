import { words } from "../words.js";
import { DRAFT, fill, keep, takeOver } from "./draft.js";
import { complaint } from "./header.js";
import { ICONS, icon } from "./icon.js";
import type { Scene } from "./scene.js";
import { type Drawing, h } from "./view.js";

/** The text box. Works while the connection is away too: the outbox keeps what is written. */
export function composer(scene: Scene): Drawing {
  const { client, state, memory } = scene;
  const bad = complaint(scene, "message");
  const seen = state.playbook?.typing_preview;
  return (
    <form
      key="composer"
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        const box = event.currentTarget.elements[0] as HTMLTextAreaElement;
        const text = box.value.trim();
        box.focus();
        if (tooLong(scene, "message", text)) return;
        if (text !== "") client.send(text);
        box.value = "";
        keep(memory, box);
      }}
    >
      <textarea
        rows={1}
        dir="auto"
        name={DRAFT}
        aria-label={words.message}
        aria-invalid={bad && "true"}
        aria-describedby={bad ? "bad-message" : seen && "visible"}
        placeholder={words.write}
        made={(box) => {
          takeOver(scene);
          fill(scene, box);
        }}
        onInput={({ currentTarget: box }) => {
          client.typed(box.value);
          keep(memory, box);
          tooLong(scene, "message", box.value.trim());
        }}
        onKeyDown={sendOnEnter}
      />
      <button type="submit" class="primary send" aria-label={words.send}>
        {icon(ICONS.send)}
      </button>
      {bad}
      {seen && (
        <p class="soft" id="visible">
          {words.visible}
        </p>
      )}
    </form>
  );
}

/** Says so when it is: the hub would end the connection. */
export function tooLong({ state, ui }: Scene, of: string, text: string): boolean {
  const long = new Blob([text]).size > (state.limits?.max_text ?? Number.POSITIVE_INFINITY);
  ui.complain(of, long ? words.tooLong : undefined);
  return long;
}

/** Enter sends what a text box of several lines holds, and Shift with it begins a line. */
export function sendOnEnter(event: KeyboardEvent & { currentTarget: HTMLTextAreaElement }): void {
  // Enter also ends the composition of a word in many scripts: that one is not meant for us.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  event.currentTarget.form?.requestSubmit();
}
