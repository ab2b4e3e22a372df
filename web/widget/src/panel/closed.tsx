import type { VisitorClient } from "../../../client/src/index.js";
import { Asking } from "./asking.js";
import { words } from "./words.js";

const SCORES = [1, 2, 3, 4, 5];

interface Props {
  client: VisitorClient;
  rated: boolean;
  live: boolean;
}

/** After the end: a verdict, if the visitor likes to give one, and the way to a new beginning. */
export function Closed({ client, rated, live }: Props) {
  return (
    <div class="closed">
      {rated ? <p role="status">{words.thanks}</p> : <Rating client={client} live={live} />}
      <button type="button" class="primary" disabled={!live} onClick={() => client.start()}>
        {words.again}
      </button>
    </div>
  );
}

class Rating extends Asking<{ client: VisitorClient; live: boolean }> {
  override render() {
    const { client, live } = this.props;
    // Stars up to the chosen one shine, and the rest shows once there is one: the style sheet sees to both.
    return (
      <form
        class="rating"
        onSubmit={(event) => {
          event.preventDefault();
          const given = new FormData(event.currentTarget);
          this.attempt(() => client.rate(Number(given.get("score")), String(given.get("comment")).trim()));
        }}
      >
        <fieldset>
          <legend>{words.rate}</legend>
          {SCORES.map((score) => (
            <label key={score} class="star">
              <input type="radio" name="score" value={score} aria-label={words.stars(score)} />
              <span aria-hidden="true">★</span>
            </label>
          ))}
        </fieldset>
        <input type="text" name="comment" aria-label={words.comment} placeholder={words.comment} maxLength={500} />
        <button type="submit" disabled={!live}>
          {words.rateSend}
        </button>
        {this.complaint()}
      </form>
    );
  }
}
