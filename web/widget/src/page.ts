import type { Page } from "../../client/src/generated.js";

const MAX_URL_BYTES = 2_048;
/** The hub takes 1 KiB, and a character has four bytes at most. */
const MAX_TITLE_CHARS = 256;

/** Where the visitor is, as far as the hub wants to know it. */
export function currentPage(): Page | undefined {
  const url = location.href;
  const { title, referrer } = document;
  if (!/^https?:/.test(url) || url.length > MAX_URL_BYTES) return undefined;
  return {
    url,
    title: title.slice(0, MAX_TITLE_CHARS) || undefined,
    referrer: referrer.length > MAX_URL_BYTES ? undefined : referrer || undefined,
  };
}
