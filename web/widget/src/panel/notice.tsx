import type { ConnectionState, VisitorClient } from "../../../client/src/index.js";
import { stopWords, words } from "./words.js";

interface Props {
  client: VisitorClient;
  connection: ConnectionState;
  /** Whether the hub was ever reached from this page. */
  welcomed: boolean;
  trouble: string | null;
}

/** How the connection fares, when there is anything to say about it. */
export function Notice({ client, connection, welcomed, trouble }: Props) {
  if (connection.kind === "stopped") {
    const another = connection.code === 4505;
    return (
      <div class="notice bad" role="alert">
        <p>{stopWords(connection.code)}</p>
        <button type="button" onClick={() => client.connect()}>
          {another ? words.useHere : words.tryAgain}
        </button>
      </div>
    );
  }
  if (connection.kind !== "live") {
    return (
      <div class="notice" role="status">
        <p>{welcomed ? words.reconnecting : words.connecting}</p>
      </div>
    );
  }
  if (trouble !== null) {
    return (
      <div class="notice bad" role="alert">
        <p>
          {words.startTrouble} {trouble}
        </p>
        <button type="button" onClick={() => client.start()}>
          {words.tryAgain}
        </button>
      </div>
    );
  }
  return null;
}
