import { problemWords } from "../rest/problem_words.js";
import { Problem, type Rest } from "../rest/rest.js";

/** An answer that is written once and sent often. */
export interface Answer {
  name: string;
  text: string;
}

const PATH = "/v1/canned";
/** How many are offered at once. */
const OFFERED = 8;

/** The canned answers of the workspace. Every agent may change them; all of them are saved at once. */
export class Canned {
  answers = $state.raw<readonly Answer[]>([]);
  trouble = $state<string | null>(null);
  busy = $state(false);
  /** Somebody else saved while these were being edited. */
  overtaken = $state(false);
  #version = 0;
  #asked = false;
  readonly #rest: Rest;

  constructor(rest: Rest) {
    this.#rest = rest;
  }

  /** Asked for with the first `/`; afterwards what is here is kept. */
  want(): void {
    if (this.#asked) return;
    this.#asked = true;
    void this.load();
  }

  async load(): Promise<void> {
    await this.#run(async () => this.#take(await this.#rest.get<Read>(PATH)));
    if (this.trouble !== null) this.#asked = false;
  }

  /** Answers whether they were saved. */
  async save(answers: readonly Answer[]): Promise<boolean> {
    this.overtaken = false;
    return this.#run(async () => {
      const read = await this.#rest.send<Read>("PUT", PATH, { canned: answers }, this.#version);
      if (read !== null) this.#take(read);
    });
  }

  #take({ canned, version }: Read): void {
    this.answers = canned;
    this.#version = version;
  }

  async #run(what: () => Promise<void>): Promise<boolean> {
    this.busy = true;
    this.trouble = null;
    try {
      await what();
      return true;
    } catch (problem) {
      if (problem instanceof Problem && problem.status === 412) this.overtaken = true;
      else this.trouble = problemWords(problem);
      return false;
    } finally {
      this.busy = false;
    }
  }
}

interface Read {
  canned: Answer[];
  version: number;
}

/** What is looked for while a draft begins with `/`; null otherwise. */
export function wantedOf(draft: string): string | null {
  return /^\/([^\n]*)$/.exec(draft)?.[1]?.trim().toLowerCase() ?? null;
}

/** The answers that fit, those whose name begins with the words first. */
export function fitting(answers: readonly Answer[], wanted: string): Answer[] {
  const rank = ({ name, text }: Answer): number => {
    const called = name.toLowerCase();
    if (called.startsWith(wanted)) return 0;
    if (called.includes(wanted)) return 1;
    return text.toLowerCase().includes(wanted) ? 2 : 3;
  };
  return answers
    .map((answer) => ({ answer, rank: rank(answer) }))
    .filter((one) => one.rank < 3)
    .sort((one, other) => one.rank - other.rank)
    .slice(0, OFFERED)
    .map(({ answer }) => answer);
}
