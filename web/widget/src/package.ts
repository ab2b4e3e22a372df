/**
 * The widget for sites that bundle their scripts, as the package's main entry. It makes no global and needs no tag; the
 * chat comes with the first need for it, from the site's own files.
 */
import type { ChatModule, Verbs, WidgetOptions } from "./contract.js";
import { widget } from "./widget.js";

export type { Verbs, WidgetEvents, WidgetOptions } from "./contract.js";

/** The build puts in one for each language. */
declare const USHER_CHATS: Record<string, () => Promise<ChatModule>>;

/** Shows the button, unless `consent` is `wait`: then at `start`. */
export function createWidget(options: WidgetOptions): Verbs {
  const hub = new URL("./", options.hub.replace(/\/?$/, "/")).href;
  const verbs = widget(
    { ...options, hub },
    (language) => (USHER_CHATS[language] ?? USHER_CHATS.en ?? missing)(),
    // There is no newer one to be had: the site has its own.
    async () => false,
  );
  if (options.consent !== "wait") verbs.start();
  return verbs;
}

function missing(): Promise<never> {
  return Promise.reject(new Error("the chat is not in this build"));
}
