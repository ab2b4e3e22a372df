/**
 * What a site's visitor downloads, gzipped, against its budget: `npm run sizes` after `npm run build`. Everybody gets the
 * loader; whoever opens the chat gets one more file, everything included, in the language of the page. Packed as
 * the hub packs it. Fails when a part is over.
 */
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { gzipSync } from "node:zlib";

const LOADER_BYTES = 3_000;
const CHAT_BYTES = 15_000;
const LANGUAGES = 8;

const dist = resolve(import.meta.dirname, process.env.USHER_WEB_OUT ?? "dist");

/** @param {string} name @param {string} file @param {number} budget */
function weigh(name, file, budget) {
  const size = gzipSync(readFileSync(resolve(dist, file)), { level: 9 }).length;
  const fits = size <= budget;
  if (!fits) process.exitCode = 1;
  console.log(`${fits ? "ok  " : "OVER"}  ${name.padEnd(8)} ${size} of ${budget} bytes`);
}

weigh("loader", "widget.js", LOADER_BYTES);
const chats = readdirSync(resolve(dist, "assets")).filter((name) => /^chat-.*\.js$/.test(name));
for (const chat of chats) weigh(`chat ${chat.split(".")[1]}`, `assets/${chat}`, CHAT_BYTES);
if (chats.length !== LANGUAGES) {
  process.exitCode = 1;
  console.log(`${chats.length} chats instead of ${LANGUAGES}`);
}
