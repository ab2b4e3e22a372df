import { SvelteMap } from "svelte/reactivity";
import { fromStore } from "svelte/store";
import {
  type AgentClient,
  type AgentState,
  type Folder,
  type OpenedView,
  Refusal,
  type Summary,
} from "../../client/src/index.js";
import { FolderPages } from "./list/folder_pages.svelte.js";
import { folderOf } from "./list/row_marks.js";
import { type Sight, watches } from "./notifications/desktop.js";
import { Notifier } from "./notifications/notifier.svelte.js";
import { refusalWords } from "./refusal_words.js";
import { claimsOf } from "./session/token.js";
import { Ticking } from "./ticking.svelte.js";

/** Somebody else was first, at this time of the hub. */
export interface Taken {
  by: string;
  at: number | null;
}

/** What one signed-in agent has in front of them in this tab. */
export class Desk {
  readonly client: AgentClient;
  readonly clock: Ticking;
  readonly notifier: Notifier;
  readonly pages: FolderPages;
  /** What was typed and not sent, by conversation. */
  readonly drafts = new SvelteMap<string, string>();
  /** Claims that were lost, by conversation. */
  readonly taken = new SvelteMap<string, Taken>();
  folder = $state<Folder>("unassigned");
  selected = $state<string | null>(null);
  /** The last thing that was asked for and not done, in words. */
  trouble = $state<string | null>(null);
  readonly #state: { readonly current: AgentState };
  /** When the sign-in ends; null when the token does not say. */
  expiresAt = $state<number | null>(null);

  constructor(client: AgentClient, token: string) {
    this.client = client;
    this.#state = fromStore(client.state);
    this.expiresAt = claimsOf(token)?.expiresAt ?? null;
    this.clock = new Ticking(() => client.clock.now());
    this.pages = new FolderPages(client);
    this.notifier = new Notifier({
      client,
      watched: (conversation) => watches(this.#sight(), conversation),
      chosen: (conversation) => this.show(conversation),
    });
  }

  #sight(): Sight {
    const shown = this.opened?.status === "open" ? this.selected : null;
    return { shown, visible: document.visibilityState === "visible", focused: document.hasFocus() };
  }

  get state(): AgentState {
    return this.#state.current;
  }

  get me(): NonNullable<AgentState["me"]> {
    return this.state.me ?? { id: "", name: "", role: "agent" };
  }

  get admin(): boolean {
    return this.me.role === "admin";
  }

  get rows(): readonly Summary[] {
    return this.state.folders[this.folder];
  }

  get opened(): OpenedView | undefined {
    return this.selected === null ? undefined : this.state.opened.get(this.selected);
  }

  /** A newer token of the same agent: everything stays as it lies. */
  async renew(token: string): Promise<void> {
    this.expiresAt = claimsOf(token)?.expiresAt ?? null;
    await this.attempt(this.client.renew(token));
  }

  /** One conversation is followed at a time; the agent's own are told of anyway. */
  select(conversation: string | null): void {
    const before = this.selected;
    if (before !== null && before !== conversation) this.#leave(before);
    this.trouble = null;
    this.selected = conversation;
    if (conversation === null) return;
    this.taken.delete(conversation);
    this.client.open(conversation);
  }

  /** Goes to a folder; what is open stays open. */
  browse(folder: Folder): void {
    this.folder = folder;
    this.pages.enter(folder);
  }

  /** Goes to a conversation wherever it lies. */
  show(conversation: string): void {
    const row = this.state.folders.all.find((one) => one.id === conversation);
    if (row !== undefined) this.browse(folderOf(row, this.me.id));
    this.select(conversation);
  }

  async claim(conversation: string): Promise<void> {
    try {
      await this.client.claim(conversation);
      if (this.selected === conversation) this.browse("mine");
    } catch (refusal) {
      if (!(refusal instanceof Refusal) || refusal.code !== "conflict") {
        this.trouble = refusalWords(refusal);
        return;
      }
      this.taken.set(conversation, { by: refusal.body.assignee?.name ?? "Somebody else", at: refusal.body.at ?? null });
    }
  }

  /** Runs a request and, should it be refused, says so. */
  async attempt(request: Promise<unknown>): Promise<boolean> {
    this.trouble = null;
    try {
      await request;
      return true;
    } catch (refusal) {
      this.trouble = refusalWords(refusal);
      return false;
    }
  }

  /** A text that was not sent goes back into the text box, to be mended. */
  takeBack(key: string): void {
    const entry = this.state.unsent.find((one) => one.key === key);
    if (entry === undefined) return;
    const draft = this.drafts.get(entry.conversation) ?? "";
    this.drafts.set(entry.conversation, draft === "" ? entry.text : `${entry.text}\n${draft}`);
    this.client.discard(key);
  }

  leave(): void {
    this.notifier.stop();
    this.client.disconnect();
  }

  #leave(conversation: string): void {
    const opened = this.state.opened.get(conversation);
    if (opened?.status === "lost") {
      this.drafts.delete(conversation);
      for (const entry of this.state.unsent) {
        if (entry.conversation === conversation) this.client.discard(entry.key);
      }
    }
    this.taken.delete(conversation);
    this.client.leave(conversation);
  }
}
