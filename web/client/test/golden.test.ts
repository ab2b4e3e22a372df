import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, it } from "vitest";

/** The hub's golden frames: what its own tests hold it to, this client must be able to say and to read. */
interface Golden {
  role: "visitor" | "agent" | "both";
  direction: "request" | "push" | "reply" | "refusal" | "malformed";
  type: string;
  cases: { name: string; frame: { type: string } }[];
}

const here = dirname(fileURLToPath(import.meta.url));
const folder = join(here, "../../../tests/golden");
const generated = join(here, "../src/generated.ts");

const files: [string, Golden][] = readdirSync(folder)
  .filter((name) => name.endsWith(".json") && name !== "schema.json")
  .map((name) => [name, JSON.parse(readFileSync(join(folder, name), "utf8")) as Golden]);

/** The TypeScript type of the frames in a file. */
function typeOf({ role, direction, type }: Golden): string {
  const of = role === "agent" ? "Agent" : "Visitor";
  switch (direction) {
    case "request":
      return `Extract<G.${of}Request, { type: "${type}" }>`;
    case "push":
      return `Extract<G.${of}Push, { type: "${type}" }>`;
    case "reply":
      return `G.OkReply<G.${of}Replies["${type}"]>`;
    default:
      return "G.ErrorReply";
  }
}

/** Every frame as a constant of its type: the compiler finds what is missing, wrong or unknown. */
function program(): string {
  const lines = ['import type * as G from "./generated.js";'];
  for (const [, file] of files) {
    for (const { frame } of file.cases) {
      lines.push(`export const f${lines.length}: ${typeOf(file)} = ${JSON.stringify(frame)};`);
    }
  }
  return lines.join("\n");
}

/** What the compiler says about a source that stands beside the generated types. */
function faults(source: string): string[] {
  const name = join(dirname(generated), "golden.frames.ts");
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (file) => file === name || fileExists.call(host, file);
  host.readFile = (file) => (file === name ? source : readFile.call(host, file));
  host.getSourceFile = (file, language, ...rest) =>
    file === name ? ts.createSourceFile(file, source, language) : getSourceFile.call(host, file, language, ...rest);
  const built = ts.createProgram([name], options, host);
  return ts.getPreEmitDiagnostics(built).map((fault) => ts.flattenDiagnosticMessageText(fault.messageText, "\n"));
}

describe("golden frames", () => {
  it("p1_there_is_a_golden_file_for_every_kind", () => {
    expect(files.length).toBeGreaterThan(80);
    for (const [name, file] of files) expect(file.cases.length, name).toBeGreaterThan(0);
  });

  it("p1_every_golden_frame_is_of_the_type_the_client_knows_it_by", { timeout: 60_000 }, () => {
    expect(faults(program())).toEqual([]);
  });

  it("p1_a_frame_that_is_bent_would_be_found", { timeout: 60_000 }, () => {
    const bent = [
      'import type * as G from "./generated.js";',
      'export const a: G.VisitorPush = { type: "queue", conversation: "c_1" };',
      'export const b: G.AgentRequest = { type: "assign", conversation: "c_1" };',
      'export const c: G.VisitorPush = { type: "inbox" };',
    ];
    expect(faults(bent.join("\n"))).toHaveLength(3);
  });
});
