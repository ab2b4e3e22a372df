import type { Appearance, VisitorClient, VisitorState } from "../../../client/src/index.js";
import { Asking } from "./asking.js";
import { words } from "./words.js";

interface Props {
  client: VisitorClient;
  state: VisitorState;
  appearance: Appearance;
  name: string;
  dismiss(): void;
}

/** Whom one talks with: the bot, or the agent who has the conversation. */
export function Header({ client, state, appearance, name, dismiss }: Props) {
  const { conversation, available } = state;
  const assignee = conversation?.assignee;
  const picture = assignee ? assignee.avatar : appearance.avatar;
  const free = available === null ? "" : available ? words.online : words.away;
  return (
    <header>
      <span class="avatar" aria-hidden="true">
        {[...name][0]}
        {picture?.startsWith("https://") && <img src={picture} alt="" referrerpolicy="no-referrer" />}
      </span>
      <div class="title">
        <h2>{name}</h2>
        <p class="availability">{assignee ? words.withYou : free}</p>
      </div>
      {conversation !== null && conversation.state !== "closed" && (
        <End key={conversation.id} client={client} live={state.connection.kind === "live"} />
      )}
      <button type="button" class="dismiss" aria-label={words.closePanel} onClick={dismiss}>
        ×
      </button>
    </header>
  );
}

/** Ending is for good: it is asked twice. */
class End extends Asking<{ client: VisitorClient; live: boolean }> {
  override render() {
    const { client, live } = this.props;
    return (
      <details>
        <summary>{words.end}</summary>
        <button type="button" disabled={!live} onClick={() => this.attempt(() => client.end())}>
          {words.endSure}
        </button>
      </details>
    );
  }
}
