import { fill, words } from "../words.js";
import { number } from "./formats.js";
import { complaint } from "./header.js";
import type { Scene } from "./scene.js";
import { rated } from "./timeline.js";
import { type Drawing, h } from "./view.js";

/** After the end: a verdict, if the visitor likes to give one, and the way to a new beginning. */
export function closed(scene: Scene): Drawing {
  const { client, state, live } = scene;
  return (
    <div class="closed">
      {rated(state.events) ? <p role="status">{words.thanks}</p> : rating(scene)}
      <button class="primary" disabled={!live} onClick={() => client.start()}>
        {words.again}
      </button>
    </div>
  );
}

interface Given {
  score: RadioNodeList;
  comment: HTMLInputElement;
}

/**
 * Stars up to the chosen one shine, and the rest shows once there is one: the style sheet sees to both. A verdict cannot
 * be taken back, and so Enter gives none: only the button does.
 */
function rating(scene: Scene): Drawing {
  const { client, live, ui } = scene;
  return (
    <form class="rating" onSubmit={(event) => event.preventDefault()}>
      <fieldset>
        <legend>{words.rate}</legend>
        {[1, 2, 3, 4, 5].map((score) => (
          <label class="star">
            <input type="radio" name="score" value={score} aria-label={fill(words.score, number(score))} />★
          </label>
        ))}
      </fieldset>
      <input name="comment" dir="auto" aria-label={words.comment} placeholder={words.comment} maxlength={250} />
      <button
        disabled={!live}
        onClick={({ currentTarget: { form } }) => {
          const { score, comment } = form as unknown as Given;
          ui.attempt("rate", () => client.rate(Number(score.value), comment.value.trim()));
        }}
      >
        {words.send}
      </button>
      {complaint(scene, "rate")}
    </form>
  );
}
