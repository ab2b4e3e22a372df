import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Hub } from "./hub";

export interface Message {
  id: string;
  type: string;
}

/** Settings of a hub that may send to this machine. */
export const OUTSIDE = { USHER_OUTBOX__ALLOW_PRIVATE: "true" };

/** Somebody outside whom a webhook tells. */
export class Receiver {
  /** What it was told, in order. */
  readonly messages: Message[] = [];
  readonly url: string;
  readonly #server: Server;
  #status = 204;
  #body = "";

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/in`;
  }

  static async open(): Promise<Receiver> {
    let heard = (_headers: IncomingHttpHeaders, _body: string): [number, string] => [500, ""];
    const server = createServer(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const [status, body] = heard(request.headers, Buffer.concat(parts).toString());
      response.writeHead(status, { "content-type": "application/json" }).end(body);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const receiver = new Receiver(server);
    heard = (headers, body) => receiver.#heard(headers, body);
    return receiver;
  }

  /** How it answers from now on. */
  answers(status: number, body: unknown = ""): void {
    this.#status = status;
    this.#body = body === "" ? "" : JSON.stringify(body);
  }

  /** Has a hub tell it; answers the webhook's id. */
  async hook(hub: Hub, topics?: string[]): Promise<string> {
    const made = await hub.rest("POST", "/v1/webhooks", { url: this.url, ...(topics === undefined ? {} : { topics }) });
    if (made.status !== 201) throw new Error(`no webhook: ${await made.text()}`);
    return ((await made.json()) as { id: string }).id;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #heard(headers: IncomingHttpHeaders, body: string): [number, string] {
    this.messages.push({
      id: String(headers["webhook-id"]),
      type: (JSON.parse(body) as { type: string }).type,
    });
    return [this.#status, this.#body];
  }
}
