import { minify } from "terser";
import { defineConfig, type Plugin } from "vite";
import { outDir } from "./vite.out.js";

/**
 * The loader is an ordinary script, so that a plain `<script async>` is all a site needs. As such its names would be
 * the page's: they are wrapped. And on another site's page its relative `import()`s would lead nowhere, since browsers
 * do not tell a script of another origin its own address: they are given it from the tag.
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
          const loader = chunk.fileName === file;
          if (loader) chunk.code = `(()=>{"use strict";const ${TAG};${absolute(chunk.code)}})();`;
          chunk.code = await smaller(chunk.code, !loader);
        }
      },
    },
  };
}

/** The tag, found as the loader itself finds it. */
const TAG = 'usherTag=document.currentScript??document.querySelector("script[data-playbook]")';

function absolute(code: string): string {
  return code.replaceAll(/import\(([`"'])\.\/(.*?)\1\)/g, "import(new URL($1$2$1,usherTag.src).href)");
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
