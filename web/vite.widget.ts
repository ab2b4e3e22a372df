import { minify } from "terser";
import { defineConfig, type Plugin } from "vite";
import { outDir } from "./vite.out.js";

/**
 * The loader is an ordinary script, so that a plain `<script async>` is all a site needs. As such its names would be
 * the page's: they are wrapped. Its `import()`s are resolved against its own address.
 */
function ordinaryScript(file: string): Plugin {
  return {
    name: "usher:ordinary-script",
    generateBundle: {
      order: "post",
      async handler(_options, bundle) {
        for (const chunk of Object.values(bundle)) {
          if (chunk.type !== "chunk") continue;
          if (chunk.imports.length > 0) this.error(`${chunk.fileName} shares code with ${chunk.imports.join(", ")}`);
          if (chunk.fileName === file) chunk.code = `(()=>{"use strict";${chunk.code.trimEnd()}})();\n`;
          chunk.code = await smaller(chunk.code, chunk.fileName !== file);
        }
      },
    },
  };
}

/** A second minifier after the bundler's: it takes another 3 % off what every visitor of a site downloads. */
async function smaller(code: string, module: boolean): Promise<string> {
  const compress = { passes: 3, unsafe_arrows: true, pure_getters: true } as const;
  return (await minify(code, { module, ecma: 2020, compress })).code ?? code;
}

export default defineConfig({
  publicDir: false,
  plugins: [ordinaryScript("widget.js")],
  build: {
    outDir,
    emptyOutDir: false,
    target: "es2022",
    modulePreload: false,
    lib: { entry: { widget: "widget/src/loader.ts" }, formats: ["es"] },
    minify: "oxc",
    rolldownOptions: {
      output: {
        // As a library its white space would stay.
        minify: true,
        entryFileNames: "[name].js",
        chunkFileNames: ({ facadeModuleId }) =>
          `assets/${facadeModuleId?.includes("/talk/") ? "talk" : "panel"}-[hash].js`,
      },
    },
  },
});
