/**
 * What a site's visitor downloads, gzipped, against its budget: `npm run sizes` after `npm run build`. Everybody gets the
 * loader; whoever opens the chat gets the panel and the talk; whose conversation goes on behind the button, the talk.
 * Fails when a part is over.
 */
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { gzipSync } from "node:zlib";

const BUDGETS = [
  { part: "loader", file: /^widget\.js$/, folder: ".", bytes: 3_000 },
  { part: "talk", file: /^talk-.*\.js$/, folder: "assets", bytes: 8_000 },
  { part: "panel", file: /^panel-.*\.js$/, folder: "assets", bytes: 15_000 },
];

const dist = resolve(import.meta.dirname, process.env.USHER_WEB_OUT ?? "dist");

let all = 0;
for (const { part, file, folder, bytes } of BUDGETS) {
  const found = readdirSync(resolve(dist, folder)).filter((name) => file.test(name));
  const size = found.reduce(
    (sum, name) => sum + gzipSync(readFileSync(resolve(dist, folder, name)), { level: 9 }).length,
    0,
  );
  all += size;
  const fits = found.length > 0 && size <= bytes;
  if (!fits) process.exitCode = 1;
  console.log(`${fits ? "ok  " : "OVER"}  ${part.padEnd(8)} ${size} of ${bytes} bytes`);
}
console.log(`      in all   ${all} bytes`);
