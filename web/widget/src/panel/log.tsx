import { Component, createRef } from "preact";
import type { Conversation, VisitorClient, VisitorState } from "../../../client/src/index.js";
import { Plain, Rich } from "./rich.js";
import { type Line, timeline } from "./timeline.js";
import { words } from "./words.js";

interface Props {
  client: VisitorClient;
  state: VisitorState;
  botName: string;
  shown: boolean;
}

/** Near enough to the end to be carried along by what comes. */
const NEAR_END_PX = 80;

export class Log extends Component<Props> {
  readonly #scroller = createRef<HTMLDivElement>();
  #atEnd = true;
  #last: string | undefined;

  override componentDidMount(): void {
    const box = this.#scroller.current;
    // What stands below the log takes more room or less.
    if (box !== null) new ResizeObserver(() => this.componentDidUpdate()).observe(box);
  }

  override componentDidUpdate(): void {
    const box = this.#scroller.current;
    if (box !== null && this.#atEnd) box.scrollTop = box.scrollHeight;
  }

  override render({ client, state, botName, shown }: Props) {
    const { conversation, events, unsent } = state;
    const lines = timeline(events, unsent);
    const last = lines.at(-1);
    // One's own words are followed to the end, wherever one was reading.
    if (last?.key !== this.#last && last?.kind === "said" && last.mine) this.#atEnd = true;
    this.#last = last?.key;
    const latestSent = lines.findLast((line) => line.kind === "said" && line.fate === "sent");
    return (
      <div
        class="scroll"
        ref={this.#scroller}
        onScroll={({ currentTarget: box }) => {
          // A hidden box tells nothing.
          if (box.clientHeight > 0) this.#atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END_PX;
        }}
      >
        {!state.complete && events.length > 0 && (
          <button type="button" class="link earlier" onClick={() => client.older().catch(() => undefined)}>
            {words.earlier}
          </button>
        )}
        <div class="log" role="log" aria-label={words.log} aria-live={shown ? "polite" : "off"}>
          {lines.map((line) => (
            <LogLine
              key={line.key}
              line={line}
              botName={botName}
              client={client}
              fate={line === latestSent ? fateOf(line, conversation) : null}
            />
          ))}
        </div>
      </div>
    );
  }
}

interface LineProps {
  line: Line;
  botName: string;
  client: VisitorClient;
  fate: string | null;
}

function LogLine({ line, botName, client, fate }: LineProps) {
  if (line.kind === "told") return <p class="told">{line.text}</p>;
  return (
    <div class={line.mine ? "said mine" : "said"}>
      <span class="who">{line.mine ? words.you : (line.name ?? botName)}</span>
      <div class="bubble">{line.rich ? <Rich blocks={line.rich} /> : <Plain text={line.text} />}</div>
      {line.fate === "failed" ? (
        <span class="fate failed">
          {words.notSent}
          {line.error && `: ${line.error}`}{" "}
          {!line.tooLong && (
            <button type="button" class="link" onClick={() => client.retry(line.key)}>
              {words.retry}
            </button>
          )}{" "}
          <button type="button" class="link" onClick={() => client.discard(line.key)}>
            {words.remove}
          </button>
        </span>
      ) : (
        <span class="fate">{line.fate === "sending" ? words.sending : fate}</span>
      )}
    </div>
  );
}

function fateOf(line: Line, conversation: Conversation | null): string | null {
  if (line.kind !== "said" || line.seq === undefined || conversation === null) return null;
  return conversation.seen.agent.read >= line.seq ? words.seen : words.sent;
}
