import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { Hub } from "./hub";

/** A wire between a browser and the hub that a test can hold, cut and mend. */
export class Cable {
  /** The hub, as seen from the far end. */
  readonly origin: string;
  readonly #server: Server;
  readonly #ends = new Set<Socket>();
  #held = false;
  #cut = false;

  private constructor(server: Server) {
    this.#server = server;
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async lay(hub: Hub): Promise<Cable> {
    const server = createServer({ noDelay: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const cable = new Cable(server);
    server.on("connection", (near) =>
      cable.#join(near, connect({ port: Number(new URL(hub.origin).port), noDelay: true })),
    );
    return cable;
  }

  /** From now on nothing passes, and nobody is told: a network that is gone without a word. */
  hold(): void {
    this.#held = true;
    for (const end of this.#ends) end.pause();
  }

  /** Breaks every connection and takes no new one. */
  cut(): void {
    this.#cut = true;
    for (const end of this.#ends) end.destroy();
  }

  /** What is left of the old connections is broken; new ones pass. */
  mend(): void {
    this.#held = this.#cut = false;
    for (const end of this.#ends) end.destroy();
  }

  remove(): void {
    this.cut();
    this.#server.close();
  }

  #join(near: Socket, far: Socket): void {
    for (const [from, to] of [[near, far] as const, [far, near] as const]) {
      this.#ends.add(from);
      from.on("data", (data) => to.write(data));
      from.on("end", () => to.end());
      from.on("error", () => to.destroy());
      from.on("close", () => {
        this.#ends.delete(from);
        to.destroy();
      });
      if (this.#held) from.pause();
    }
    if (this.#cut) near.destroy();
  }
}
