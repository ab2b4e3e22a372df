/** What a site may write with the package: the build checks that its types let it. */
import { createWidget, type WidgetEvents } from "usher-chat";
import { memoryStore, VisitorClient, type VisitorState } from "usher-chat/client";

const chat = createWidget({
  hub: "https://chat.example",
  playbook: "pb_demo",
  consent: "wait",
  locale: "nl",
  theme: "dark",
});
chat.on("unread", (count) => console.log(count.toFixed()));
chat.on("message", ({ from, by, text }) => console.log(from, by === "agent", text.length));
chat.on("connection", ({ state, code }: WidgetEvents["connection"]) => console.log(state === "stopped" && code));
// @ts-expect-error: there is no such event.
chat.on("opened", () => undefined);
chat.start();
chat.identify("a JWT of the site");
chat.open();

let token: string | null = null;
const client = new VisitorClient({
  url: "wss://chat.example/v1/visitor",
  playbook: "pb_demo",
  tokens: {
    get: () => token,
    set: (next) => {
      token = next;
    },
  },
  outbox: memoryStore(),
});
client.state.subscribe(({ conversation, events, unsent }: VisitorState) => {
  console.log(conversation?.state, events.length, unsent.length);
});
client.connect();
