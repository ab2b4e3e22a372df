import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, join } from "node:path";
import type { Hub } from "./hub";

export interface SiteOptions {
  /** A content security policy. */
  policy?: string;
  /** What stands in the head. */
  head?: string;
  /** What stands in the body. */
  body?: string;
  /** Attributes of the script tag, beside its address. */
  tag?: string;
  /** The language of the page. */
  lang?: string;
  /** A folder whose files stand at `/npm/`; then the page has no tag of its own. */
  files?: string;
}

/** Another site that embeds the widget, on an origin of its own. The same page at every address. */
export class Site {
  readonly origin: string;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async open(hub: Hub, options: SiteOptions = {}): Promise<Site> {
    const { policy, head = "", body = "<h1>Lamps</h1>", tag = 'data-playbook="pb_demo"', lang = "en" } = options;
    const script = `<script async src="${hub.origin}/widget.js" ${tag}></script>`;
    const page = `<!doctype html>
<html lang="${lang}">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Lamps</title>${head}
    ${options.files === undefined ? script : ""}
  </head>
  <body>${body}</body>
</html>`;
    const server = createServer(({ url = "" }, response) => {
      if (options.files !== undefined && url.startsWith("/npm/")) {
        response.setHeader("content-type", "text/javascript");
        response.end(readFileSync(join(options.files, basename(url))));
        return;
      }
      response.setHeader("content-type", "text/html; charset=utf-8");
      if (policy !== undefined) response.setHeader("content-security-policy", policy);
      response.end(page);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Site(server);
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** What the documentation says a site has to allow, and nothing more; and Trusted Types. */
export function strictPolicy(hub: Hub): string {
  return [
    "default-src 'none'",
    `script-src ${hub.origin}`,
    `connect-src ${hub.origin.replace("http", "ws")}`,
    `img-src ${hub.origin} https:`,
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
}
