import type { Appearance, Page } from "../../client/src/generated.js";
import type { VisitorClient } from "../../client/src/index.js";

/** What `GET /v1/widget/{playbook}` answers. */
export interface WidgetSettings {
  appearance: Appearance;
  locale: string;
  open_after_ms: number | null;
  typing_preview: boolean;
}

/** The events a page may listen to with `Usher.on`. */
export interface WidgetEvents {
  ready: undefined;
  open: undefined;
  close: undefined;
  /** How many messages stand unread behind the launcher. */
  unread: number;
  /** Somebody wrote to the visitor. */
  message: { from: string; text: string };
  /** Where the conversation stands. */
  state: string;
  /** The identity has run out, or is not taken: call `identify` with a fresh one, and the chat goes on. */
  identify: undefined;
}

/** Small texts kept in the page's own storage; null forgets one. Never throws. */
export interface Memory {
  get(name: string): string | null;
  set(name: string, value: string | null): void;
  /** Of everything in it. */
  names(): string[];
}

/**
 * What the loader gives a talk. Loader, talk and panel share types only: their code is loaded at different times, the
 * talk without the panel where a conversation goes on behind the button.
 */
export interface TalkHost {
  /** The hub, with a slash at the end. */
  hub: string;
  playbook: string;
  botName: string;
  identity: string | undefined;
  memory: Memory;
  /** Where the visitor is now. */
  page(): Page | undefined;
  /** Answers whether anybody on the page listens. */
  emit<Name extends keyof WidgetEvents>(name: Name, detail: WidgetEvents[Name]): boolean;
}

/** One visitor's conversation on this page. */
export interface Talk {
  readonly client: VisitorClient;
  /** The visitor sees it, or not. */
  show(shown: boolean): void;
  destroy(): void;
}

export interface TalkModule {
  Session: new (host: TalkHost) => Talk;
}

export interface PanelHost {
  talk: Talk;
  appearance: Appearance;
  root: ShadowRoot;
  /** The visitor wants the panel gone. */
  dismiss(): void;
}

export interface PanelHandle {
  /** `focus`: the visitor asked for it, and the keyboard goes along. */
  show(shown: boolean, focus: boolean): void;
  destroy(): void;
}

export interface PanelModule {
  mount(host: PanelHost): PanelHandle;
}
