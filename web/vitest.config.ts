import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { include: ["{client,widget,inbox}/**/*.test.ts"] },
});
