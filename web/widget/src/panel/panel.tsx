import type { Appearance, VisitorClient, VisitorState } from "../../../client/src/index.js";
import { Closed } from "./closed.js";
import { Composer } from "./composer.js";
import { Header } from "./header.js";
import { Log } from "./log.js";
import { Notice } from "./notice.js";
import { QuestionCard } from "./question.js";
import { openQuestion, rated } from "./timeline.js";
import { Wait } from "./wait.js";
import { words } from "./words.js";

interface Props {
  client: VisitorClient;
  state: VisitorState;
  appearance: Appearance;
  shown: boolean;
  dismiss(): void;
}

/** The chat window: the client's state, drawn. */
export function Panel({ client, state, appearance, shown, dismiss }: Props) {
  const { conversation, connection, events } = state;
  const live = connection.kind === "live";
  const talking = conversation?.state === "bot" || conversation?.state === "offline";
  const question = talking ? openQuestion(events) : null;
  const name = conversation?.assignee?.name ?? appearance.bot_name;
  return (
    <section
      class="panel"
      role="dialog"
      aria-label={words.panel}
      tabIndex={-1}
      hidden={!shown}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        dismiss();
      }}
    >
      <Header client={client} state={state} appearance={appearance} name={name} dismiss={dismiss} />
      <Notice client={client} state={state} />
      <Log client={client} state={state} botName={appearance.bot_name} shown={shown} />
      <div class="foot">
        {question && <QuestionCard key={question.card} client={client} question={question} live={live} />}
        {conversation?.state === "waiting" && conversation.deadline !== null && (
          <Wait left={client.clock.left(conversation.deadline)} position={conversation.position} />
        )}
        <p class="typing" role="status">
          {state.agentTyping && words.typing(name)}
        </p>
        {conversation?.state === "closed" && <Closed client={client} rated={rated(events)} live={live} />}
        {conversation !== null && conversation.state !== "closed" && <Composer client={client} />}
      </div>
    </section>
  );
}
