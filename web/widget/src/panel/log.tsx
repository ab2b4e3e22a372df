import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
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

export function Log({ client, state, botName, shown }: Props) {
  const { conversation, events, unsent } = state;
  const lines = timeline(events, unsent);
  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const last = lines.at(-1);
  const lastMine = last?.kind === "said" && last.mine;

  useLayoutEffect(() => {
    const element = scroller.current;
    if (element !== null && (atEnd.current || lastMine)) element.scrollTop = element.scrollHeight;
  }, [last?.key, lastMine, shown, conversation?.state, state.agentTyping]);

  const latestSent = lines.findLast((line) => line.kind === "said" && line.fate === "sent");
  return (
    <div
      class="scroll"
      ref={scroller}
      onScroll={({ currentTarget: box }) => {
        atEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END_PX;
      }}
    >
      {!state.complete && events.length > 0 && <Earlier client={client} />}
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

function LogLine({
  line,
  botName,
  client,
  fate,
}: {
  line: Line;
  botName: string;
  client: VisitorClient;
  fate: string | null;
}) {
  if (line.kind === "told") return <p class="told">{line.text}</p>;
  const who = line.mine ? words.you : (line.name ?? botName);
  return (
    <div class={line.mine ? "said mine" : "said"}>
      <span class="who">{who}</span>
      <div class="bubble">{line.rich !== null ? <Rich blocks={line.rich} /> : <Plain text={line.text} />}</div>
      {line.fate === "sending" && <span class="fate">{words.sending}</span>}
      {line.fate === "failed" && (
        <span class="fate failed">
          {words.notSent}
          {line.error !== null && `: ${line.error}`}{" "}
          <button type="button" class="link" onClick={() => client.retry(line.key)}>
            {words.retry}
          </button>{" "}
          <button type="button" class="link" onClick={() => client.discard(line.key)}>
            {words.remove}
          </button>
        </span>
      )}
      {fate !== null && <span class="fate">{fate}</span>}
    </div>
  );
}

function Earlier({ client }: { client: VisitorClient }) {
  const [busy, setBusy] = useState(false);
  const alive = useRef(true);
  useEffect(
    () => () => {
      alive.current = false;
    },
    [],
  );
  const fetchOlder = () => {
    setBusy(true);
    client
      .older()
      .catch(() => undefined)
      .finally(() => alive.current && setBusy(false));
  };
  return (
    <button type="button" class="link earlier" disabled={busy} onClick={fetchOlder}>
      {words.earlier}
    </button>
  );
}

function fateOf(line: Line, conversation: Conversation | null): string | null {
  if (line.kind !== "said" || line.seq === null || conversation === null) return null;
  const { received, read } = conversation.seen.agent;
  if (read >= line.seq) return words.seen;
  return received >= line.seq ? words.delivered : words.sent;
}
