import { words } from "../words.js";
import type { Scene } from "./scene.js";
import { type Child, type Drawing, h } from "./view.js";

/** How the connection fares, when there is anything to say about it. */
export function notice({ client, state }: Scene): Child {
  const { connection, playbook, trouble } = state;
  if (connection.kind === "stopped") {
    // The codes with words of their own have their numbers for names.
    const why = words[`${connection.code}` as "4502"] ?? words.stopped;
    return bad(why, () => client.connect());
  }
  if (connection.kind !== "live") {
    return (
      <p class="notice row" role="status">
        {playbook === null ? words.connecting : words.reconnecting}
      </p>
    );
  }
  return trouble !== null && bad(words.failed, () => client.start());
}

function bad(text: string, press: () => void): Drawing {
  return (
    <div class="notice row" role="alert">
      <p>{text}</p>
      <button onClick={press}>{words.tryAgain}</button>
    </div>
  );
}
