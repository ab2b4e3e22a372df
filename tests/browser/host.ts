import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "@playwright/test";

/**
 * What docs/inbox.md tells an application to do, and no more. `hand` says a token unasked; `asked` remembers what the
 * inbox said.
 */
const PAGE = `<!doctype html>
<html lang="en">
  <head><title>Customers</title></head>
  <body style="margin: 0">
    <script>
      const HUB = new URLSearchParams(location.search).get("hub");
      const asked = [];
      let token = null;
      let inbox = null;
      const say = (to) => to.postMessage({ type: "usher.token", token }, HUB);
      addEventListener("message", (event) => {
        if (event.origin !== HUB || event.data?.type !== "usher.token_wanted") return;
        asked.push(event.data.reason);
        if (token !== null) say(event.source);
      });
      function frame() {
        const frame = document.createElement("iframe");
        frame.title = "Inbox";
        frame.src = HUB + "/";
        frame.style = "border: 0; width: 100vw; height: 100vh";
        document.body.append(frame);
        inbox = frame.contentWindow;
      }
      function opens() {
        inbox = open(HUB + "/");
      }
    </script>
  </body>
</html>`;

/** An application on an origin of its own that shows the inbox within itself, or opens it. */
export class Host {
  readonly origin: string;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async open(): Promise<Host> {
    const server = createServer((_, response) => {
      response.setHeader("content-type", "text/html; charset=utf-8");
      response.end(PAGE);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Host(server);
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** What the inbox asked this application for so far. */
export function asked(page: Page): Promise<string[]> {
  return page.evaluate("asked");
}

/** From now on the application answers with this token; `say`: it says so unasked as well. */
export async function give(page: Page, token: string | null, say = false): Promise<void> {
  await page.evaluate(`token = ${JSON.stringify(token)}; ${say ? "say(inbox)" : ""}`);
}
