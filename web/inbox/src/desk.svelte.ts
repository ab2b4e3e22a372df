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
import { Canned } from "./conversation/canned.svelte.js";
import { HalfWritten } from "./conversation/half_written.svelte.js";
import { FolderPages } from "./list/folder_pages.svelte.js";
import { folderOf } from "./list/row_marks.js";
import { Search } from "./list/search.svelte.js";
import { type Sight, watches } from "./notifications/desktop.js";
import { Notifier } from "./notifications/notifier.svelte.js";
import { Drafts } from "./playbooks/drafts.svelte.js";
import { refusalWords } from "./refusal_words.js";
import { Rest } from "./rest/rest.js";
import { claimsOf } from "./session/token.js";
import { Places } from "./shell/place.svelte.js";
import type { Tastes } from "./shell/tastes.svelte.js";
import { Ticking } from "./ticking.svelte.js";
import { t } from "./words/words.js";

/** Somebody else was first, at this time of the hub. */
export interface Taken {
  by: string;
  at: number | null;
}

export interface DeskOptions {
  client: AgentClient;
  token: string;
  tastes: Tastes;
  /** This tab's. */
  storage: Storage;
}

/** What one signed-in agent has in front of them in this tab. */
export class Desk {
  readonly client: AgentClient;
  readonly clock: Ticking;
  readonly notifier: Notifier;
  readonly pages: FolderPages;
  readonly search: Search;
  readonly rest: Rest;
  readonly canned: Canned;
  readonly places = new Places();
  readonly tastes: Tastes;
  /** Playbooks being edited; they outlive a look at the inbox. */
  readonly playbooks = new Drafts();
  /** What was typed and not sent. */
  readonly drafts: HalfWritten;
  /** Claims that were lost, by conversation. */
  readonly taken = new SvelteMap<string, Taken>();
  /** To whom this agent gave a conversation, by conversation. */
  readonly handed = new SvelteMap<string, string>();
  /** The last words of the conversation in front of the agent are in view. */
  atEnd = $state(false);
  folder = $state<Folder>("unassigned");
  /** The last thing that was asked for and not done, in words. */
  trouble = $state<string | null>(null);
  readonly #state: { readonly current: AgentState };
  #token: string;
  #followed: string | null = null;
  /** What was claimed here, until its text box has the focus. */
  #claimed: string | null = null;
  /** When the sign-in ends; null when the token does not say. */
  expiresAt = $state<number | null>(null);

  constructor({ client, token, tastes, storage }: DeskOptions) {
    this.client = client;
    this.tastes = tastes;
    this.#token = token;
    this.#state = fromStore(client.state);
    const claims = claimsOf(token);
    this.expiresAt = claims?.expiresAt ?? null;
    this.drafts = new HalfWritten(storage, JSON.stringify([claims?.workspace, claims?.sub]));
    // Of the one in front of the agent it stays while they are told, and may come back with it.
    client.outOfSight.add((conversation) => {
      if (conversation !== this.#followed) this.drafts.forget(conversation);
    });
    this.clock = new Ticking(() => client.clock.now());
    this.pages = new FolderPages(client);
    this.search = new Search(client);
    this.rest = new Rest(() => this.#token);
    this.canned = new Canned(this.rest);
    this.notifier = new Notifier({
      client,
      watched: (conversation) => watches(this.#sight(), conversation),
      chosen: (conversation) => this.show(conversation),
      sounds: () => tastes.now.sound,
    });
  }

  #sight(): Sight {
    const shown = this.opened?.status === "open" && this.atEnd ? this.selected : null;
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

  /** What the list shows: the folder, or what was found in it. */
  get rows(): readonly Summary[] {
    return this.search.active ? this.search.rows(this.state.folders.all) : this.state.folders[this.folder];
  }

  /** The conversation in front of the agent. */
  get selected(): string | null {
    const place = this.places.now;
    return place.view === "inbox" ? place.conversation : null;
  }

  get opened(): OpenedView | undefined {
    return this.selected === null ? undefined : this.state.opened.get(this.selected);
  }

  /** A newer token of the same agent: everything stays as it lies. */
  async renew(token: string): Promise<void> {
    this.#token = token;
    this.expiresAt = claimsOf(token)?.expiresAt ?? null;
    await this.attempt(this.client.renew(token));
  }

  select(conversation: string | null): void {
    this.trouble = null;
    this.places.go({ view: "inbox", conversation });
  }

  /** One conversation is followed at a time, the selected one; the agent's own are told of anyway. */
  follow(conversation: string | null): void {
    const before = this.#followed;
    if (before === conversation) return;
    this.#followed = conversation;
    if (before !== null) this.#leave(before);
    if (conversation === null) return;
    this.taken.delete(conversation);
    this.handed.delete(conversation);
    this.client.open(conversation);
  }

  /** Goes to a folder; what is open stays open. */
  browse(folder: Folder): void {
    if (this.folder !== folder) this.search.clear();
    this.folder = folder;
    this.pages.enter(folder);
    if (this.places.now.view !== "inbox") this.places.go({ view: "inbox", conversation: this.#followed });
  }

  /** Goes to a conversation wherever it lies. */
  show(conversation: string): void {
    const row = this.state.folders.all.find((one) => one.id === conversation);
    if (row !== undefined) this.browse(folderOf(row, this.me.id));
    this.select(conversation);
  }

  /** Signed in again after a cut: what the folders had beyond their first rows is asked for again. */
  returned(): void {
    this.pages.startOver(this.folder);
    this.search.again(this.folder);
  }

  async claim(conversation: string): Promise<void> {
    this.trouble = null;
    // The news comes before the answer, and with it the text box.
    this.#claimed = conversation;
    try {
      await this.client.claim(conversation);
      if (this.selected === conversation) this.browse("mine");
    } catch (refusal) {
      this.#claimed = null;
      if (!(refusal instanceof Refusal) || refusal.code !== "conflict") {
        this.trouble = refusalWords(refusal);
        return;
      }
      const by = refusal.body.assignee?.name ?? t("somebody");
      this.taken.set(conversation, { by, at: refusal.body.at ?? null });
    }
  }

  /** Whether this chat was claimed here a moment ago: whoever does that wants to write. Answers so once. */
  wantsToWrite(conversation: string): boolean {
    const wants = this.#claimed === conversation;
    if (wants) this.#claimed = null;
    return wants;
  }

  /** Gives it to this agent, or back to Unassigned. */
  async handOn(conversation: string, to: string | null): Promise<void> {
    // The news comes before the answer, and asks who did it.
    if (to !== null) this.handed.set(conversation, to);
    if (!(await this.attempt(this.client.assign(conversation, to)))) this.handed.delete(conversation);
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
    const draft = this.drafts.get("message", entry.conversation);
    this.drafts.set("message", entry.conversation, draft === "" ? entry.text : `${entry.text}\n${draft}`);
    this.client.discard(key);
  }

  leave(): void {
    this.notifier.stop();
    this.drafts.clear();
    this.client.disconnect();
    this.places.go({ view: "inbox", conversation: null });
  }

  #leave(conversation: string): void {
    const opened = this.state.opened.get(conversation);
    if (opened?.status === "lost") {
      this.drafts.forget(conversation);
      for (const entry of this.state.unsent) {
        if (entry.conversation === conversation) this.client.discard(entry.key);
      }
    }
    this.taken.delete(conversation);
    this.client.leave(conversation);
  }
}
