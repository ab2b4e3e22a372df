import type { Answer, VisitorClient } from "../../../client/src/index.js";
import { Asking } from "./asking.js";
import { sendOnEnter } from "./enter.js";
import type { Question } from "./timeline.js";
import { words } from "./words.js";

interface Props {
  client: VisitorClient;
  question: Question;
  live: boolean;
}

const AUTOCOMPLETE = { name: "name", email: "email", phone: "tel", organization: "organization", text: "off" } as const;

/** The card that asks: its choices as buttons, or a text box named by its question. */
export class QuestionCard extends Asking<Props> {
  override render() {
    const { live, question } = this.props;
    const { ask, text } = question;
    return (
      <div class="question">
        {ask.kind === "choice" ? (
          <fieldset class="choices" aria-label={text}>
            {ask.options.map(({ id, label }) => (
              <button key={id} type="button" disabled={!live} onClick={() => this.#answer({ option: id })}>
                {label}
              </button>
            ))}
            {this.complaint()}
          </fieldset>
        ) : (
          this.#capture(ask, text, live)
        )}
      </div>
    );
  }

  #capture({ field, required }: Extract<Question["ask"], { kind: "capture" }>, name: string, live: boolean) {
    const bad = this.state.complaint !== null;
    const shared = {
      "aria-label": name,
      "aria-invalid": bad,
      "aria-required": required,
      "aria-describedby": bad ? "complaint" : undefined,
      autocomplete: AUTOCOMPLETE[field],
    };
    // `type=email` would let the browser judge in words of its own; the hub's judgement is the one that counts.
    return (
      <form
        class="capture"
        onSubmit={(event) => {
          event.preventDefault();
          const value = (event.currentTarget.elements[0] as HTMLInputElement).value.trim();
          if (value === "" && required) this.setState({ complaint: words.emptyAnswer });
          else this.#answer({ value });
        }}
      >
        {field === "text" ? (
          <textarea rows={3} onKeyDown={sendOnEnter} {...shared} />
        ) : (
          <input type="text" inputMode={field === "email" ? "email" : field === "phone" ? "tel" : "text"} {...shared} />
        )}
        {this.complaint()}
        <button type="submit" class="primary" disabled={!live}>
          {words.submit}
        </button>
        {!required && (
          <button type="button" disabled={!live} onClick={() => this.#answer({ value: "" })}>
            {words.skip}
          </button>
        )}
      </form>
    );
  }

  #answer(value: Answer): void {
    const { client, question } = this.props;
    this.attempt(() => client.answer(question.card, value));
  }
}
