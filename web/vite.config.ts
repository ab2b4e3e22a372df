import { basename } from "node:path";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";
import { outDir } from "./vite.out.js";
import { smaller } from "./vite.smaller.js";
import { inboxWords } from "./vite.words.js";

/** The pages the hub serves: the inbox at `/`, the demo at `/demo`. */
const pages = { index: "inbox/index.html", demo: "demo/demo.html" };

/** The inbox's service worker: at the top as well, since it works for pages below its own place alone. */
const worker = { "inbox-worker": "inbox/src/notifications/worker.ts" };

/** Pages stand at the top of the build, whatever folder they come from. */
function pagesAtTheTop(): Plugin {
  return {
    name: "usher:pages-at-the-top",
    enforce: "post",
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        for (const file of Object.values(bundle)) {
          if (file.type === "asset" && file.fileName.endsWith(".html")) file.fileName = basename(file.fileName);
        }
      },
    },
  };
}

/** A hub to talk to during development: `USHER_HUB=http://127.0.0.1:8080 npx vite`. */
const hub = process.env.USHER_HUB ?? "http://127.0.0.1:8080";

export default defineConfig({
  publicDir: false,
  plugins: [inboxWords(), svelte(), smaller(undefined, true), pagesAtTheTop()],
  build: {
    outDir,
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    // A `data:` address would need a wider content security policy than `self`.
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: { ...pages, ...worker },
      output: { entryFileNames: ({ name }) => (name in worker ? "[name].js" : "assets/[name]-[hash].js") },
    },
  },
  server: {
    host: "127.0.0.1",
    proxy: { "/v1": { target: hub, ws: true }, "/widget.js": hub },
  },
});
