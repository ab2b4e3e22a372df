/**
 * The script a site embeds: `<script async src="https://HUB/widget.js" data-playbook="pb_demo"></script>`. It asks
 * for the playbook's looks and shows a button. The chat, the socket and the storage come with the first interaction.
 */
import { answerCalls, type Call, queue } from "./calls.js";
import type { WidgetOptions } from "./contract.js";
import { widget } from "./widget.js";

/** The build puts in the name of its chats' files: a `*` in the language's place. */
declare const USHER_CHAT: string;

const script = (document.currentScript ?? document.querySelector("script[data-playbook]")) as HTMLScriptElement | null;
const waiting = queue();

if (script !== null && waiting !== undefined) {
  const { src, dataset } = script;
  const hub = new URL(".", src).href;
  const verbs = widget(
    // Without a playbook it is one that the hub does not know.
    { ...dataset, hub } as WidgetOptions,
    (language, again) => import(/* @vite-ignore */ hub + USHER_CHAT.replace("*", language) + again),
    renew,
  );
  answerCalls(verbs, waiting);
  if (dataset.consent !== "wait") verbs.start();

  /** A newer hub took the place of the one this page began with, and its loader knows its parts. It comes once a page. */
  async function renew(calls: Call[]): Promise<boolean> {
    if (waiting?.renewed) return false;
    const { length } = calls;
    // What the page asks for meanwhile is heard here, and there if it comes.
    window.Usher = Object.assign(calls, verbs, { renewed: true });
    try {
      await import(/* @vite-ignore */ `${src}?${Date.now()}`);
      return true;
    } catch {
      answerCalls(verbs, calls.slice(length));
      return false;
    }
  }
}
