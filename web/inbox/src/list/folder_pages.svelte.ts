import { SvelteMap } from "svelte/reactivity";
import type { AgentClient, Folder } from "../../../client/src/index.js";
import { refusalWords } from "../refusal_words.js";

const PAGE = 100;

/** How far each folder's rows were fetched. */
export class FolderPages {
  /** Where the next page begins: null when there is none, absent when no page was asked for. */
  readonly #next = new SvelteMap<Folder, string | null>();
  readonly #client: AgentClient;
  busy = $state(false);
  trouble = $state<string | null>(null);

  constructor(client: AgentClient) {
    this.#client = client;
  }

  /** Sign-in brought the first rows of Unassigned and My conversations; the other folders are asked for when entered. */
  enter(folder: Folder): void {
    if ((folder === "closed" || folder === "all") && !this.#next.has(folder)) void this.more(folder);
  }

  /** After a reconnect only the first rows are here, of every folder. */
  startOver(folder: Folder): void {
    this.#next.clear();
    this.enter(folder);
  }

  /** Whether a folder that shows `rows` of `count` has more. */
  hasMore(folder: Folder, rows: number, count: number | undefined): boolean {
    const next = this.#next.get(folder);
    if (next !== undefined) return next !== null;
    return count !== undefined && rows < count;
  }

  async more(folder: Folder): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.trouble = null;
    const before = this.#next.get(folder);
    try {
      const page = await this.#client.list(folder, { limit: PAGE, ...(before ? { before } : {}) });
      this.#next.set(folder, page.next);
    } catch (refusal) {
      this.trouble = refusalWords(refusal);
    } finally {
      this.busy = false;
    }
  }
}
