import type { Page } from "../../../client/src/generated.js";

/** What the hub takes: 2 KiB, and an address is ASCII. */
const MAX_ADDRESS = 2_048;
/** The hub takes 1 KiB, and a character has four bytes at most. */
const MAX_TITLE_CHARS = 256;

/** Where the visitor is, as far as the hub wants to know it. `title`: the page's own. */
export function currentPage(title: string): Page | undefined {
  const url = location.href.slice(0, MAX_ADDRESS);
  if (!/^https?:/.test(url)) return undefined;
  const referrer = document.referrer.slice(0, MAX_ADDRESS);
  return { url, title: title.slice(0, MAX_TITLE_CHARS) || undefined, referrer: referrer || undefined };
}
