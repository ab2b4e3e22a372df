import type { VisitorClient, VisitorState } from "../../../client/src/index.js";
import { stopWords, words } from "./words.js";

/** How the connection fares, when there is anything to say about it. */
export function Notice({ client, state }: { client: VisitorClient; state: VisitorState }) {
  const { connection, playbook, trouble } = state;
  if (connection.kind === "stopped") {
    const act = connection.code === 4505 ? words.useHere : words.tryAgain;
    return <Bad text={stopWords(connection.code)} act={act} press={() => client.connect()} />;
  }
  if (connection.kind !== "live") {
    return (
      <div class="notice" role="status">
        {playbook === null ? words.connecting : words.reconnecting}
      </div>
    );
  }
  if (trouble === null) return null;
  return <Bad text={`${words.startTrouble} ${trouble}`} act={words.tryAgain} press={() => client.start()} />;
}

function Bad({ text, act, press }: { text: string; act: string; press(): void }) {
  return (
    <div class="notice bad" role="alert">
      <p>{text}</p>
      <button type="button" onClick={press}>
        {act}
      </button>
    </div>
  );
}
