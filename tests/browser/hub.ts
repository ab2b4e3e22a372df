import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { sign } from "./jwt";
import type { Playbook } from "./playbook";

const BINARY = process.env.USHER_BIN ?? resolve(__dirname, "../../target/debug/usher");
const START_MS = 20_000;

export interface SignIn {
  link: string;
  name: string;
}

/** One `usher` process with a data folder of its own, on a free port. */
export class Hub {
  readonly origin: string;
  admin!: SignIn;
  agent!: SignIn;
  readonly #folder: string;
  readonly #settings: Record<string, string>;
  #process: ChildProcess | undefined;
  #printed = "";

  private constructor(port: number, settings: Record<string, string>) {
    this.#settings = settings;
    this.origin = `http://127.0.0.1:${port}`;
    this.#folder = mkdtempSync(join(tmpdir(), "usher-browser-"));
  }

  /** `settings`: by their names in the hub's environment. */
  static async launch(playbook: Playbook, settings: Record<string, string> = {}): Promise<Hub> {
    const hub = new Hub(await freePort(), settings);
    const playbooks = join(hub.#folder, "playbooks");
    mkdirSync(playbooks);
    writeFileSync(join(playbooks, "demo.json"), JSON.stringify(playbook));
    await hub.start().catch(async (fault) => {
      await hub.end();
      throw fault;
    });
    return hub;
  }

  /** Also after a `kill`: the same port, the same data. */
  async start(): Promise<void> {
    this.#printed = "";
    const usher = spawn(BINARY, [], {
      cwd: this.#folder,
      env: this.#env(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process = usher;
    for (const stream of [usher.stdout, usher.stderr]) stream.on("data", (text) => this.#heard(String(text)));
    await Promise.race([this.#ready(usher), this.#died(usher)]);
    this.#readLinks();
  }

  /** As a power cut would: no goodbye, no drain. */
  async kill(): Promise<void> {
    const usher = this.#process;
    this.#process = undefined;
    if (usher === undefined || usher.exitCode !== null || usher.signalCode !== null) return;
    usher.kill("SIGKILL");
    await once(usher, "exit");
  }

  /** As a deploy does: clients are sent away, then the process ends. */
  async drain(): Promise<void> {
    const usher = this.#process;
    this.#process = undefined;
    if (usher === undefined) return;
    usher.kill("SIGTERM");
    const [code] = await once(usher, "exit");
    if (code !== 0) throw new Error(`usher drained and ended with ${code}`);
  }

  /** Somebody with claims of our choice, as a picture. */
  introduce(sub: string, name: string, claims: Record<string, unknown> = {}): SignIn {
    const key = readFileSync(join(this.#folder, "data/agent.key"), "utf8").trim();
    return { link: `${this.origin}/#token=${sign({ sub, name, ...claims }, key)}`, name };
  }

  /** REST, as an admin. */
  async rest(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    const authorization = `Bearer ${this.admin.link.split("#token=")[1]}`;
    const order = { method, headers: { authorization, "content-type": "application/json", ...headers } };
    return fetch(this.origin + path, body === undefined ? order : { ...order, body: JSON.stringify(body) });
  }

  /** A token of somebody else's, as `usher token` prints it; `life` as it takes it. */
  issue(sub: string, name: string, life: string): SignIn {
    const order = ["token", "--sub", sub, "--name", name, "--ttl", life];
    const printed = execFileSync(BINARY, order, { cwd: this.#folder, env: this.#env(), encoding: "utf8" });
    return { link: `${this.origin}/#token=${printed.trim()}`, name };
  }

  async end(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #env(): NodeJS.ProcessEnv {
    return {
      PATH: process.env.PATH ?? "",
      USHER_LISTEN: this.origin.replace("http://", ""),
      USHER_PLAYBOOKS: join(this.#folder, "playbooks"),
      USHER_LOG: process.env.USHER_LOG ?? "warn",
      ...this.#settings,
    };
  }

  #heard(text: string): void {
    this.#printed += text;
    if (process.env.USHER_LOG !== undefined) process.stderr.write(text);
  }

  async #ready(usher: ChildProcess): Promise<void> {
    const deadline = Date.now() + START_MS;
    while (Date.now() < deadline && usher.exitCode === null) {
      const answer = await fetch(`${this.origin}/readyz`).catch(() => undefined);
      if (answer?.ok && links(this.#printed).length >= 2) return;
      await new Promise((soon) => setTimeout(soon, 25));
    }
    throw new Error(`usher was not ready within ${START_MS} ms: ${withoutTokens(this.#printed)}`);
  }

  async #died(usher: ChildProcess): Promise<never> {
    const [code] = await once(usher, "exit");
    throw new Error(`usher ended with ${code}: ${withoutTokens(this.#printed)}`);
  }

  #readLinks(): void {
    for (const link of links(this.#printed)) {
      const claims = claimsOf(link);
      this[claims.role === "admin" ? "admin" : "agent"] = { link, name: claims.name };
    }
  }
}

function links(printed: string): string[] {
  return printed.match(/http:\/\/\S+\/#token=[\w.-]+/g) ?? [];
}

function claimsOf(link: string): { name: string; role?: string } {
  const middle = link.split("#token=")[1]?.split(".")[1] ?? "";
  return JSON.parse(Buffer.from(middle, "base64url").toString()) as { name: string; role?: string };
}

function withoutTokens(printed: string): string {
  return printed.replace(/#token=\S+/g, "#token=…");
}

/**
 * Below those that systems give to whoever connects: a hub that was killed finds its port free when it comes back, whatever
 * other hubs and browsers do meanwhile.
 */
async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    const port = 20_000 + Math.floor(12_000 * Math.random());
    const server = createServer();
    const free = await new Promise<boolean>((done) => {
      server.once("error", () => done(false));
      server.listen(port, "127.0.0.1", () => done(true));
    });
    if (!free) continue;
    server.close();
    await once(server, "close");
    return port;
  }
  throw new Error("no port");
}
