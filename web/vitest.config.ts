import { defineConfig } from "vitest/config";
import { languages } from "./vite.languages.js";

export default defineConfig({
  // As in the English one of the chats that the build makes.
  define: { USHER_WORDS: JSON.stringify(languages().get("en")) },
  test: {
    include: ["{client,widget,inbox}/**/*.test.ts"],
    setupFiles: ["widget/test/setup.ts", "inbox/test/setup.ts"],
  },
});
