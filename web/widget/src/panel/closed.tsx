import { useState } from "preact/hooks";
import { Refusal, type VisitorClient } from "../../../client/src/index.js";
import { words } from "./words.js";

const SCORES = [1, 2, 3, 4, 5];

/** After the end: a verdict, if the visitor likes to give one, and the way to a new beginning. */
export function Closed({ client, rated, live }: { client: VisitorClient; rated: number | null; live: boolean }) {
  return (
    <div class="closed">
      {rated === null ? <Rating client={client} live={live} /> : <p role="status">{words.thanks}</p>}
      <button type="button" class="primary" disabled={!live} onClick={() => client.start()}>
        {words.again}
      </button>
    </div>
  );
}

function Rating({ client, live }: { client: VisitorClient; live: boolean }) {
  const [score, setScore] = useState(0);
  const [comment, setComment] = useState("");
  const [complaint, setComplaint] = useState<string | null>(null);
  const submit = (event: Event) => {
    event.preventDefault();
    setComplaint(null);
    client.rate(score, comment.trim()).catch((reason: unknown) => {
      if (!(reason instanceof Refusal)) throw reason;
      setComplaint(reason.retryable ? words.failed : reason.message);
    });
  };
  return (
    <form class="rating" onSubmit={submit}>
      <fieldset>
        <legend>{words.rate}</legend>
        {SCORES.map((value) => (
          <label key={value} class={value <= score ? "star on" : "star"}>
            <input
              type="radio"
              name="score"
              value={value}
              checked={value === score}
              aria-label={words.stars(value)}
              onChange={() => setScore(value)}
            />
            <span aria-hidden="true">★</span>
          </label>
        ))}
      </fieldset>
      {score > 0 && (
        <>
          <input
            type="text"
            aria-label={words.comment}
            placeholder={words.comment}
            maxLength={500}
            value={comment}
            onInput={({ currentTarget }) => setComment(currentTarget.value)}
          />
          <button type="submit" disabled={!live}>
            {words.rateSend}
          </button>
        </>
      )}
      {complaint !== null && (
        <p class="complaint" role="alert">
          {complaint}
        </p>
      )}
    </form>
  );
}
