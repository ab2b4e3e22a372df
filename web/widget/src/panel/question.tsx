import { useState } from "preact/hooks";
import { type Answer, Refusal, type VisitorClient } from "../../../client/src/index.js";
import type { Question } from "./timeline.js";
import { words } from "./words.js";

interface Props {
  client: VisitorClient;
  question: Question;
  live: boolean;
}

/** The card that asks: its choices as buttons, or a text box named by its question. */
export function QuestionCard({ client, question, live }: Props) {
  const [busy, setBusy] = useState(false);
  const [complaint, setComplaint] = useState<string | null>(null);

  const answer = async (value: Answer) => {
    setBusy(true);
    setComplaint(null);
    try {
      await client.answer(question.card, value);
    } catch (reason) {
      setComplaint(complaintOf(reason));
    } finally {
      setBusy(false);
    }
  };

  const { ask } = question;
  const closed = busy || !live;
  return (
    <div class="question">
      {ask.kind === "choice" ? (
        <fieldset class="choices" aria-label={question.text}>
          {ask.options.map(({ id, label }) => (
            <button key={id} type="button" disabled={closed} onClick={() => answer({ option: id })}>
              {label}
            </button>
          ))}
        </fieldset>
      ) : (
        <Capture
          key={question.card}
          ask={ask}
          name={question.text}
          closed={closed}
          complaint={complaint}
          complain={setComplaint}
          answer={(value) => answer({ value })}
        />
      )}
      {complaint !== null && (
        <p class="complaint" id="complaint" role="alert">
          {complaint}
        </p>
      )}
    </div>
  );
}

interface CaptureProps {
  ask: Extract<Question["ask"], { kind: "capture" }>;
  name: string;
  closed: boolean;
  complaint: string | null;
  complain(words: string | null): void;
  answer(value: string): void;
}

const AUTOCOMPLETE = { name: "name", email: "email", phone: "tel", organization: "organization", text: "off" } as const;
const INPUT_MODE = { name: "text", email: "email", phone: "tel", organization: "text", text: "text" } as const;

function Capture({ ask, name, closed, complaint, complain, answer }: CaptureProps) {
  const [value, setValue] = useState("");
  const bad = complaint !== null;
  const shared = {
    "aria-label": name,
    "aria-invalid": bad,
    "aria-required": ask.required,
    ...(bad ? { "aria-describedby": "complaint" } : {}),
    value,
    autocomplete: AUTOCOMPLETE[ask.field],
    onInput: (event: { currentTarget: { value: string } }) => setValue(event.currentTarget.value),
  };
  const submit = (event: Event) => {
    event.preventDefault();
    if (value.trim() === "" && ask.required) complain(words.emptyAnswer);
    else answer(value);
  };
  // `type=email` would let the browser judge in words of its own; the hub's judgement is the one that counts.
  return (
    <form class="capture" noValidate onSubmit={submit}>
      {ask.field === "text" ? (
        <textarea rows={3} {...shared} />
      ) : (
        <input type="text" inputMode={INPUT_MODE[ask.field]} {...shared} />
      )}
      <div class="row">
        <button type="submit" class="primary" disabled={closed}>
          {words.submit}
        </button>
        {!ask.required && (
          <button type="button" disabled={closed} onClick={() => answer("")}>
            {words.skip}
          </button>
        )}
      </div>
    </form>
  );
}

/** `conflict` says that it was answered elsewhere: the log will show it, there is nothing to complain about. */
function complaintOf(reason: unknown): string | null {
  if (!(reason instanceof Refusal)) throw reason;
  if (reason.code === "conflict" || reason.code === "closed") return null;
  return reason.code === "timeout" || reason.code === "disconnected" ? words.failed : reason.message;
}
