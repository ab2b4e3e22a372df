import { vi } from "vitest";
import { FakeSocket } from "../../client/test/fake_hub.js";
import type { Memory } from "../src/chat/memory.js";
import type { ChatHost } from "../src/contract.js";

/** A storage that forgets with the test. */
export function memory(kept = new Map<string, string>()): Memory {
  return {
    get: (name) => kept.get(name) ?? null,
    set: (name, value) => {
      if (value === null) kept.delete(name);
      else kept.set(name, value);
    },
    names: () => [...kept.keys()],
  };
}

/** A page without a browser: what the widget's logic takes from one, under the test's hands. */
export class FakePage {
  readonly sockets: FakeSocket[] = [];
  readonly emitted: [string, unknown][] = [];
  /** Whether the page listens to what it is told. */
  listens = false;
  identity: string | undefined;
  readonly window = new EventTarget();
  readonly document = Object.assign(new EventTarget(), { visibilityState: "visible", title: "Lamps", referrer: "" });

  constructor() {
    const { sockets } = this;
    vi.stubGlobal("window", this.window);
    vi.stubGlobal("document", this.document);
    vi.stubGlobal("location", { href: "https://shop.example/" });
    vi.stubGlobal(
      "WebSocket",
      class extends FakeSocket {
        constructor(readonly url: string) {
          super();
          sockets.push(this);
        }
      },
    );
  }

  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error("nobody connected");
    return socket;
  }

  host(): ChatHost {
    return {
      hub: "https://hub.example/",
      playbook: "pb_demo",
      appearance: { color: "#3b5bdb", icon: "chat", bot_name: "Lantern", avatar: null },
      identity: this.identity,
      theme: undefined,
      prefix: "usher:hub.example:",
      root: undefined as unknown as ShadowRoot,
      emit: (name, detail) => {
        this.emitted.push([name, detail]);
        return this.listens;
      },
      dismiss: () => undefined,
    };
  }

  /** The last of a name that the page was told. */
  told(name: string): unknown {
    return this.emitted.findLast(([one]) => one === name)?.[1];
  }
}
