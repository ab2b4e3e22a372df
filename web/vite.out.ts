import { resolve } from "node:path";

/** Where a build goes: `USHER_WEB_OUT` when the hub's own build asks for it, else `web/dist`. */
export const outDir = resolve(import.meta.dirname, process.env.USHER_WEB_OUT ?? "dist");
