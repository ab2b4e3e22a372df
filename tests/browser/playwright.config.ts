import { defineConfig } from "@playwright/test";

/** Looks at everything instead of testing it: `npm run screenshots`. The last pictures are made of the first. */
const pictures = process.env.USHER_PICTURES !== undefined;

/** These load the machine or measure time: `npm run browser:alone`, when the others are done. */
const ALONE = /@alone/;

/**
 * Real Chromium against the real `usher`. Each test has a hub and contexts of its own, and each worker a browser, which
 * keeps clipboards, focus and notifications apart; most tests wait rather than compute, so more run than there are cores.
 */
export default defineConfig({
  testDir: ".",
  testMatch: pictures ? "*pictures.ts" : "*.spec.ts",
  outputDir: "../../test-results/browser",
  workers: pictures ? 1 : 3,
  fullyParallel: !pictures,
  projects: pictures
    ? [{ name: "pictures" }]
    : [
        { name: "beside", grepInvert: ALONE },
        // A folder of its own: what is left of those before is not to be emptied.
        { name: "alone", grep: ALONE, workers: 1, outputDir: "../../test-results/alone" },
      ],
  // For a machine that is several times slower than the one at hand.
  timeout: 180_000,
  expect: { timeout: 30_000 },
  // A browser on a crowded machine. `tests/run` tells what needed it, and why.
  retries: pictures ? 0 : 1,
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
