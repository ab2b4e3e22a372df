import { minify } from "terser";
import { defineConfig, type Plugin } from "vite";
import { oneForEachLanguage } from "./vite.languages.js";
import { outDir } from "./vite.out.js";

/**
 * A second minifier after the bundler's: it takes another 3 % off what every visitor of a site downloads. The loader is
 * an ordinary script, so that a plain `<script async>` is all a site needs: its names are wrapped, else they would be
 * the page's.
 */
function smaller(loader: string): Plugin {
  return {
    name: "usher:smaller",
    generateBundle: {
      order: "post",
      async handler(_options, bundle) {
        const compress = { passes: 3, unsafe_arrows: true, pure_getters: true } as const;
        for (const chunk of Object.values(bundle)) {
          if (chunk.type !== "chunk") continue;
          if (chunk.imports.length > 0) this.error(`${chunk.fileName} shares code with ${chunk.imports.join(", ")}`);
          const script = chunk.fileName === loader;
          if (script) chunk.code = `(()=>{"use strict";${chunk.code}})();`;
          const { code } = await minify(chunk.code, { module: !script, ecma: 2020, compress });
          chunk.code = code ?? chunk.code;
        }
      },
    },
  };
}

export default defineConfig({
  publicDir: false,
  plugins: [smaller("widget.js"), oneForEachLanguage("chat.js", "widget.js")],
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
