import { defineConfig, type Plugin } from "vite";
import { oneForEachLanguage } from "./vite.languages.js";
import { outDir } from "./vite.out.js";
import { smaller } from "./vite.smaller.js";

/**
 * Properties that only one part's code speaks of: no other part, no hub, no page, no storage and no browser knows them,
 * and so one letter will do.
 */
const OWN = new RegExp(
  `^(${[
    "onHello|onPush|onStop|onStarted|onCommitted|deliver|proceed|rewarded|patience|synchronise|nudge|settle|trouble",
    "retryable|retryAt|availableReason|agentTyping|unsent|renewIdentity|outbox|complain|complaint|attempt|hush|behind",
    "onward|watched|speaker|opened|listeners|typed|older|busy|tokens|lines|memory|alone|fate|mine|hello|changed|look",
    "invite|live|shown|quiet|client|timer|names|tell|plain|env|store|hold|attach|props|tag",
    "asked|beside|clock|node|unread|retry|discard|prepend|want|heard|old|socket",
  ].join("|")})$`,
);

/** Of the style sheets' own properties, `--u-paper` and the like, the first letters will do. */
function shortNames(): Plugin {
  return {
    name: "usher:short-names",
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        for (const chunk of Object.values(bundle)) {
          if (chunk.type === "chunk") chunk.code = chunk.code.replace(/--u-(\w)\w*/g, "--u-$1");
        }
      },
    },
  };
}

export default defineConfig({
  publicDir: false,
  plugins: [
    shortNames(),
    smaller("widget.js", false, OWN),
    oneForEachLanguage("chat.js", "widget.js", "assets/chat-HASH.*.js", (code, name) =>
      code.replace("USHER_CHAT", () => JSON.stringify(name)),
    ),
  ],
  build: {
    outDir,
    emptyOutDir: false,
    target: "es2024",
    // What the widget needs of browsers; the minifier would paraphrase newer CSS for older ones.
    cssTarget: ["chrome123", "firefox128", "safari17.5"],
    modulePreload: false,
    lib: { entry: { widget: "widget/src/loader.ts", chat: "widget/src/chat/chat.ts" }, formats: ["es"] },
    minify: "oxc",
    // As a library its white space would stay.
    rolldownOptions: { output: { minify: true, entryFileNames: "[name].js" } },
  },
});
