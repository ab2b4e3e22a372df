import { defineConfig } from "@playwright/test";

/** Real Chromium against the real `usher`; each test has a hub of its own. */
export default defineConfig({
  testDir: ".",
  testMatch: process.env.USHER_PICTURES === undefined ? "*.spec.ts" : "*pictures.ts",
  outputDir: "../../test-results/browser",
  workers: 1,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  reporter: process.env.CI === undefined ? "list" : "line",
  forbidOnly: true,
  use: {
    browserName: "chromium",
    viewport: { width: 1280, height: 800 },
    locale: "en-GB",
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
