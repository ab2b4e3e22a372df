import type { VisitorClient } from "../../../client/src/index.js";
import { sendOnEnter } from "./enter.js";
import { words } from "./words.js";

/** The text box. Works while the connection is away too: the outbox keeps what is written. */
export function Composer({ client }: { client: VisitorClient }) {
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        const box = event.currentTarget.elements[0] as HTMLTextAreaElement;
        const text = box.value.trim();
        if (text !== "") client.send(text);
        box.value = "";
        box.focus();
      }}
    >
      <textarea
        rows={1}
        aria-label={words.message}
        placeholder={words.message}
        onInput={({ currentTarget }) => client.typed(currentTarget.value)}
        onKeyDown={sendOnEnter}
      />
      <button type="submit" class="primary">
        {words.send}
      </button>
    </form>
  );
}
