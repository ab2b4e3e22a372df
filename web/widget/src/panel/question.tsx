import type { Answer } from "../../../client/src/index.js";
import { words, wordsFor } from "../words.js";
import { sendOnEnter, tooLong } from "./composer.js";
import { type Box, fill, HALF, keep } from "./draft.js";
import { complaint } from "./header.js";
import type { Scene } from "./scene.js";
import type { Question } from "./timeline.js";
import { type Drawing, h } from "./view.js";

/** Where the browser's name for it is not ours. */
const AUTOCOMPLETE: Record<string, string> = { phone: "tel", text: "off" };

/** The card that asks: its choices as buttons, or a text box named by its question. */
export function questionCard(scene: Scene, question: Question): Drawing {
  const { ask, card, text } = question;
  if (ask.kind === "capture") return capture(scene, question, ask);
  return (
    <fieldset key={card} class="choices" aria-label={text}>
      {ask.options.map(({ id, label }) => (
        <button dir="auto" disabled={!scene.live} onClick={() => answer(scene, card, { option: id })}>
          {label}
        </button>
      ))}
      {complaint(scene, card)}
    </fieldset>
  );
}

type Capture = Extract<Question["ask"], { kind: "capture" }>;

function capture(scene: Scene, { card, text }: Question, { field, required }: Capture): Drawing {
  const { live, ui, memory } = scene;
  const bad = complaint(scene, card);
  const shared = {
    dir: "auto",
    name: HALF + card,
    "aria-label": text,
    "aria-invalid": bad && "true",
    "aria-required": required && "true",
    "aria-describedby": bad && `bad-${card}`,
    autocomplete: AUTOCOMPLETE[field] ?? field,
    made: (box: Box) => fill(scene, box),
    onInput({ currentTarget }: { currentTarget: Box }) {
      // What was wrong is being mended.
      ui.complain(card, undefined);
      keep(memory, currentTarget);
    },
  };
  // `type=email` would let the browser judge in words of its own; the hub's judgement is the one that counts.
  return (
    <form
      key={card}
      class="capture"
      onSubmit={(event) => {
        event.preventDefault();
        const value = (event.currentTarget.elements[0] as HTMLInputElement).value.trim();
        if (value === "" && required) ui.complain(card, wordsFor[field]);
        else if (!tooLong(scene, card, value)) answer(scene, card, { value }, wordsFor[field]);
      }}
    >
      {field === "text" ? (
        <textarea rows={3} onKeyDown={sendOnEnter} {...shared} />
      ) : (
        <input inputmode={field === "email" ? field : field === "phone" && "tel"} {...shared} />
      )}
      {bad}
      <button type="submit" class="primary" disabled={!live}>
        {words.send}
      </button>
      {!required && (
        <button disabled={!live} onClick={() => answer(scene, card, { value: "" })}>
          {words.skip}
        </button>
      )}
    </form>
  );
}

/** `bad`: what to say when the hub does not take it. */
function answer({ ui, client, memory }: Scene, card: string, value: Answer, bad?: string): void {
  ui.attempt(card, () => client.answer(card, value).then(() => memory.set(HALF + card, null)), bad);
}
