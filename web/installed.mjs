/**
 * Whether `node_modules` holds what `package-lock.json` names: the hub's build asks before it installs.
 * Ends with 0 or 1; says nothing.
 */
import { readFileSync } from "node:fs";

/** @param {string} file */
function packages(file) {
  try {
    return JSON.parse(readFileSync(new URL(file, import.meta.url), "utf8")).packages;
  } catch {
    return {};
  }
}

const wanted = packages("package-lock.json");
const present = packages("node_modules/.package-lock.json");
// An optional package may be for another machine.
const missing = Object.entries(wanted).some(
  ([path, { version, optional }]) => path !== "" && present[path]?.version !== version && !(optional && !present[path]),
);
const foreign = Object.keys(present).some((path) => !(path in wanted));

process.exitCode = missing || foreign ? 1 : 0;
