/**
 * The script a site embeds: `<script async src="https://HUB/widget.js" data-playbook="pb_demo"></script>`. It asks
 * for the playbook's looks and shows a button. The chat, the socket and the storage come with the first interaction.
 */
import { answerCalls, type Call, queue } from "./calls.js";
import { widget } from "./widget.js";

/** The build puts in the name of its chats' files: a `*` in the language's place. */
declare const USHER_CHAT: string;

const script = document.currentScript ?? document.querySelector("script[data-playbook]");
const waiting = queue();

if (script instanceof HTMLScriptElement && waiting !== undefined) {
  const { src, dataset } = script;
  const { playbook = "" } = dataset;
  const hub = new URL(".", src).href;
  const verbs = widget(
    { ...dataset, hub, playbook },
    (language) => import(/* @vite-ignore */ hub + USHER_CHAT.replace("*", language)),
    renew,
  );
  answerCalls(verbs, waiting);
  if (dataset.consent !== "wait") verbs.start();

  /** A newer hub took the place of the one this page began with, and its loader knows its parts. Tried once a page. */
  async function renew(calls: Call[]): Promise<void> {
    if (waiting?.renewed) throw new Error("renewed before");
    window.Usher = Object.assign(calls, { renewed: true });
    try {
      await import(/* @vite-ignore */ `${src}?${Date.now()}`);
    } catch (reason) {
      answerCalls(verbs, []);
      throw reason;
    }
  }
}
