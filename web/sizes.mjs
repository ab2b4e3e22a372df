/**
 * What is downloaded, gzipped, against its budget: `npm run sizes` after `npm run build`. Every visitor of a site gets
 * the loader; whoever opens the chat gets one more file, everything included, in the language of the page. An agent gets
 * the inbox; all of its scripts count, also those that are fetched when an admin goes to them. Packed as the hub packs it.
 * Fails when a part is over.
 */
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { gzipSync } from "node:zlib";

const LOADER_BYTES = 3_000;
const CHAT_BYTES = 15_000;
const INBOX_BYTES = 92_000;
const LANGUAGES = 8;

const dist = resolve(import.meta.dirname, process.env.USHER_WEB_OUT ?? "dist");

/** @param {string} name @param {string[]} files @param {number} budget */
function weigh(name, files, budget) {
  const sizes = files.map((file) => gzipSync(readFileSync(resolve(dist, file)), { level: 9 }).length);
  const size = sizes.reduce((sum, one) => sum + one, 0);
  const fits = size <= budget;
  if (!fits) process.exitCode = 1;
  console.log(`${fits ? "ok  " : "OVER"}  ${name.padEnd(9)} ${size} of ${budget} bytes`);
}

weigh("loader", ["widget.js"], LOADER_BYTES);
const scripts = readdirSync(resolve(dist, "assets")).filter((name) => name.endsWith(".js"));
const chats = scripts.filter((name) => name.startsWith("chat-"));
for (const chat of chats) weigh(`chat ${chat.split(".")[1]}`, [`assets/${chat}`], CHAT_BYTES);
const inbox = scripts.filter((name) => !name.startsWith("chat-"));
const language = /^(en|nl)-/;
for (const words of inbox.filter((name) => language.test(name))) {
  const parts = inbox.filter((name) => name === words || !language.test(name));
  weigh(`inbox ${words.slice(0, 2)}`, ["inbox-worker.js", ...parts.map((name) => `assets/${name}`)], INBOX_BYTES);
}
if (chats.length !== LANGUAGES) {
  process.exitCode = 1;
  console.log(`${chats.length} chats instead of ${LANGUAGES}`);
}
