import type { Appearance, Conversation } from "../../client/src/generated.js";

/** What a site says when it embeds the widget. */
export interface WidgetOptions {
  /** Where the hub is, as `https://chat.example/`. */
  hub: string;
  /** Which playbook meets the visitor: `pb_…`. */
  playbook: string;
  /** `wait`: nothing is asked for, stored or shown until `start` is called. */
  consent?: string | undefined;
  /** The language of the widget's own words, as `nl` or `pt-BR`; otherwise the playbook's. */
  locale?: string | undefined;
  /** `light` or `dark`; otherwise what the visitor's system prefers. */
  theme?: string | undefined;
}

/** What a page may ask of the widget. */
export interface Verbs {
  /** Shows the chat; begins one where there is none. */
  open(): void;
  close(): void;
  /** A JWT signed by the site says who the visitor is. It runs out: the event `identify` asks for a fresh one. */
  identify(identity: string): void;
  /** Tells of an event from now on. */
  on<Name extends keyof WidgetEvents>(name: Name, listener: (detail: WidgetEvents[Name]) => void): void;
  /** Consent was given: for a widget with `consent: "wait"`, and after a `shutdown`. */
  start(): void;
  /** Takes the widget away and forgets the visitor. */
  shutdown(): void;
}

/** The events of the widget, each with what its listeners get. */
export interface WidgetEvents {
  /** The button is there. */
  ready: undefined;
  open: undefined;
  close: undefined;
  /** How the connection fares. `code` where the hub said stop: see docs/protocol.md. */
  connection: { state: "connecting" | "live" | "waiting" | "stopped"; code?: number };
  /** Whether somebody could talk to the visitor now. */
  available: boolean;
  /** Where the conversation stands. */
  state: Conversation["state"];
  /** The place in the queue, from 1. */
  queue: number;
  /** Who has the conversation; null for the bot. */
  agent: { id: string; name: string } | null;
  /** Somebody wrote to the visitor. */
  message: { from: string; by: "agent" | "bot" | "system"; text: string };
  /** What the visitor wrote has reached the hub. */
  sent: { text: string };
  /** How many messages stand unread. */
  unread: number;
  /** The visitor's verdict. */
  rated: { score: number };
  /** The identity has run out, or is not taken: call `identify` with a fresh one, and the chat goes on. */
  identify: undefined;
  /** The widget is gone. */
  shutdown: undefined;
}

/** What `GET /v1/widget/{playbook}` answers. */
export interface WidgetSettings {
  appearance: Appearance;
  locale: string;
  open_after_ms: number | null;
  typing_preview: boolean;
  /** What the widget speaks here, as `nl`, and all that it says before the chat has come. */
  language: string;
  labels: { open: string; close: string; unreached: string };
}

/** Tells the page. Answers whether anybody listens. */
export type Emit = <Name extends keyof WidgetEvents>(name: Name, detail: WidgetEvents[Name]) => boolean;

/**
 * What the loader gives the chat. The two share types only: the chat's code comes with the first need for it.
 */
export interface ChatHost {
  /** The hub, with a slash at the end. */
  hub: string;
  playbook: string;
  appearance: Appearance;
  identity: string | undefined;
  theme?: string | undefined;
  /** What the names in the page's storage begin with. */
  prefix: string;
  root: ShadowRoot;
  emit: Emit;
  /** The visitor wants the chat gone from sight. */
  dismiss(): void;
}

/** The conversation of one visitor on this page, with its window. */
export interface Chat {
  /** `focus`: the visitor asked for it, and the keyboard goes along. */
  show(shown: boolean, focus: boolean): void;
  identify(identity: string): void;
  destroy(): void;
}

export interface ChatModule {
  begin(host: ChatHost): Chat;
}
