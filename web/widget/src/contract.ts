import type { Appearance } from "../../client/src/generated.js";

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
}

/** Small texts kept in the page's own storage; null forgets one. Never throws. */
export interface Memory {
  get(name: string): string | null;
  set(name: string, value: string | null): void;
}

/** What the loader gives the panel. The two share types only: their code is loaded at different times. */
export interface PanelHost {
  /** The hub, with a slash at the end. */
  hub: string;
  playbook: string;
  settings: WidgetSettings;
  root: ShadowRoot;
  identity: string | undefined;
  memory: Memory;
  /** What the memory's names begin with in `localStorage`. */
  prefix: string;
  emit<Name extends keyof WidgetEvents>(name: Name, detail: WidgetEvents[Name]): void;
  /** The visitor wants the panel gone. */
  dismiss(): void;
}

export interface PanelHandle {
  show(): void;
  hide(): void;
  identify(identity: string): void;
  destroy(): void;
}

export interface PanelModule {
  mount(host: PanelHost): PanelHandle;
}
