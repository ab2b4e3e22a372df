import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { defineConfig, type Plugin } from "vite";
import { oneForEachLanguage } from "./vite.languages.js";

/** What npm and a reader want to know. */
function described(): Plugin {
  const read = (file: string) => readFileSync(resolve(import.meta.dirname, file), "utf8");
  const { version, license } = JSON.parse(read("package.json"));
  const description = {
    name: "usher-chat",
    version,
    description: "The widget and the typed client of Usher, a live chat hub for websites",
    license,
    type: "module",
    sideEffects: false,
    exports: {
      ".": { types: "./types/widget/src/package.d.ts", default: "./widget.js" },
      "./client": { types: "./types/client/src/index.d.ts", default: "./client.js" },
    },
  };
  return {
    name: "usher:described",
    generateBundle() {
      this.emitFile({
        type: "asset",
        fileName: "package.json",
        source: `${JSON.stringify(description, undefined, 2)}\n`,
      });
      this.emitFile({ type: "asset", fileName: "README.md", source: read("package/README.md") });
      this.emitFile({ type: "asset", fileName: "LICENSE", source: read("../LICENSE") });
    },
  };
}

/** The names of the chats as `import`s that a site's bundler understands. */
function asImports(code: string, name: string, languages: string[]): string {
  const entries = languages.map((language) => `${language}:()=>import("./${name.replace("*", language)}")`);
  return code.replaceAll("USHER_CHATS", () => `({${entries}})`);
}

/** The widget and the client as an npm package, with its types beside it (`package/tsconfig.types.json`). */
export default defineConfig({
  publicDir: false,
  plugins: [oneForEachLanguage("chat.js", "widget.js", "chat.*.js", asImports), described()],
  build: {
    outDir: resolve(import.meta.dirname, "npm"),
    emptyOutDir: true,
    target: "es2024",
    cssTarget: ["chrome123", "firefox128", "safari17.5"],
    modulePreload: false,
    lib: {
      entry: { client: "client/src/index.ts", widget: "widget/src/package.ts", chat: "widget/src/chat/chat.ts" },
      formats: ["es"],
    },
    minify: false,
    rolldownOptions: { output: { entryFileNames: "[name].js", chunkFileNames: "protocol.js" } },
  },
});
