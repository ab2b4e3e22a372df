import type { AgentClient, Folder, Summary } from "../../../client/src/index.js";
import { refusalWords } from "../refusal_words.js";

const PAUSE_MS = 250;
const PAGE = 50;

/**
 * Words looked for in a folder. What was found is kept as ids: a row that goes out of sight meanwhile is gone from the
 * client's rows, and from here with them.
 */
export class Search {
  text = $state("");
  busy = $state(false);
  trouble = $state<string | null>(null);
  #found = $state.raw<readonly string[] | null>(null);
  #next = $state.raw<string | null>(null);
  readonly #client: AgentClient;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** An answer to earlier words is none to these. */
  #asked = 0;

  constructor(client: AgentClient) {
    this.#client = client;
  }

  /** Whether the list shows what was found, not the folder. */
  get active(): boolean {
    return this.#found !== null;
  }

  get more(): boolean {
    return this.#next !== null;
  }

  rows(known: readonly Summary[]): readonly Summary[] {
    const byId = new Map(known.map((row) => [row.id, row]));
    return (this.#found ?? []).flatMap((id) => byId.get(id) ?? []);
  }

  typed(text: string, folder: Folder): void {
    this.text = text;
    clearTimeout(this.#timer);
    if (text.trim() === "") this.clear();
    else this.#timer = setTimeout(() => void this.#ask(folder, null), PAUSE_MS);
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#asked += 1;
    this.text = "";
    this.busy = false;
    this.trouble = this.#found = this.#next = null;
  }

  /** The same words in another folder, or after a reconnect. */
  again(folder: Folder): void {
    if (this.text.trim() !== "") void this.#ask(folder, null);
  }

  fetchMore(folder: Folder): void {
    if (this.#next !== null && !this.busy) void this.#ask(folder, this.#next);
  }

  async #ask(folder: Folder, before: string | null): Promise<void> {
    const asked = ++this.#asked;
    this.busy = true;
    this.trouble = null;
    try {
      const query = { query: this.text.trim(), limit: PAGE, ...(before === null ? {} : { before }) };
      const page = await this.#client.list(folder, query);
      if (asked !== this.#asked) return;
      const ids = page.conversations.map(({ id }) => id);
      this.#found = before === null ? ids : [...(this.#found ?? []), ...ids];
      this.#next = page.next;
    } catch (refusal) {
      if (asked === this.#asked) this.trouble = refusalWords(refusal);
    } finally {
      if (asked === this.#asked) this.busy = false;
    }
  }
}
