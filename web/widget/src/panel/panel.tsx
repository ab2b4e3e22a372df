import { useEffect, useRef, useState } from "preact/hooks";
import { type Appearance, isOpen, type VisitorClient, type VisitorState } from "../../../client/src/index.js";
import { Closed } from "./closed.js";
import { Composer } from "./composer.js";
import { useSignal } from "./hooks.js";
import { Log } from "./log.js";
import { Notice } from "./notice.js";
import { QuestionCard } from "./question.js";
import { openQuestion, rating } from "./timeline.js";
import { Wait } from "./wait.js";
import { words } from "./words.js";

interface Props {
  client: VisitorClient;
  appearance: Appearance;
  shown: boolean;
  dismiss(): void;
}

/** The chat window. */
export function Panel({ client, appearance, shown, dismiss }: Props) {
  const state = useSignal(client.state);
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    if (shown) box.current?.focus();
  }, [shown]);

  const { conversation, connection } = state;
  const live = connection.kind === "live";
  const open = isOpen(conversation);
  const talking = conversation?.state === "bot" || conversation?.state === "offline";
  const question = talking ? openQuestion(state.events) : null;
  const name = conversation?.assignee?.name ?? appearance.bot_name;
  return (
    <section
      class="panel"
      role="dialog"
      aria-label={words.panel}
      tabIndex={-1}
      ref={box}
      hidden={!shown}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        dismiss();
      }}
    >
      <Header client={client} state={state} appearance={appearance} name={name} dismiss={dismiss} />
      <Notice client={client} connection={connection} welcomed={state.playbook !== null} trouble={state.trouble} />
      <Log client={client} state={state} botName={appearance.bot_name} shown={shown} />
      <div class="foot">
        {question !== null && <QuestionCard key={question.card} client={client} question={question} live={live} />}
        {conversation?.state === "waiting" && conversation.deadline !== null && (
          <Wait clock={client.clock} deadline={conversation.deadline} position={conversation.position} />
        )}
        <p class="typing" role="status">
          {state.agentTyping && words.typing(name)}
        </p>
        {conversation?.state === "closed" && <Closed client={client} rated={rating(state.events)} live={live} />}
        {open && <Composer client={client} />}
      </div>
    </section>
  );
}

interface HeaderProps {
  client: VisitorClient;
  state: VisitorState;
  appearance: Appearance;
  name: string;
  dismiss(): void;
}

function Header({ client, state, appearance, name, dismiss }: HeaderProps) {
  const { assignee } = state.conversation ?? {};
  const picture = assignee ? assignee.avatar : appearance.avatar;
  return (
    <header>
      <span class="avatar" aria-hidden="true">
        {[...name][0]}
        {picture && /^https:\/\//i.test(picture) && <img src={picture} alt="" referrerpolicy="no-referrer" />}
      </span>
      <div class="title">
        <h2>{name}</h2>
        <p class="availability">{assignee ? words.withYou : availability(state.available)}</p>
      </div>
      {isOpen(state.conversation) && <End client={client} live={state.connection.kind === "live"} />}
      <button type="button" class="dismiss" aria-label={words.closePanel} onClick={dismiss}>
        ×
      </button>
    </header>
  );
}

/** Ending is for good: it is asked twice. */
function End({ client, live }: { client: VisitorClient; live: boolean }) {
  const [sure, setSure] = useState(false);
  if (!sure) {
    return (
      <button type="button" class="link" onClick={() => setSure(true)}>
        {words.end}
      </button>
    );
  }
  return (
    <fieldset class="sure" aria-label={words.endSure}>
      {/* A refusal means that it has ended already, or that the line is down, which the notice says. */}
      <button type="button" disabled={!live} onClick={() => client.end().catch(() => setSure(false))}>
        {words.endYes}
      </button>
      <button type="button" onClick={() => setSure(false)}>
        {words.endNo}
      </button>
    </fieldset>
  );
}

function availability(available: boolean | null): string {
  if (available === null) return "";
  return available ? words.online : words.away;
}
