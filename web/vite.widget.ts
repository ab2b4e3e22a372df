import { defineConfig } from "vite";
import { oneForEachLanguage } from "./vite.languages.js";
import { outDir } from "./vite.out.js";
import { smaller } from "./vite.smaller.js";

export default defineConfig({
  publicDir: false,
  plugins: [
    smaller("widget.js"),
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
