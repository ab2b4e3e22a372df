import { useRef, useState } from "preact/hooks";
import type { VisitorClient } from "../../../client/src/index.js";
import { words } from "./words.js";

/** The text box. Works while the connection is away too: the outbox keeps what is written. */
export function Composer({ client }: { client: VisitorClient }) {
  const [text, setText] = useState("");
  const box = useRef<HTMLTextAreaElement>(null);

  const send = () => {
    if (text.trim() === "") return;
    client.send(text.trim());
    setText("");
    box.current?.focus();
  };

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        ref={box}
        rows={1}
        aria-label={words.message}
        placeholder={words.message}
        value={text}
        onInput={({ currentTarget }) => {
          setText(currentTarget.value);
          client.typed(currentTarget.value);
        }}
        onKeyDown={(event) => {
          // Enter also ends the composition of a word in many scripts: that one is not meant for us.
          if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          send();
        }}
      />
      <button type="submit" class="primary" disabled={text.trim() === ""}>
        {words.send}
      </button>
    </form>
  );
}
