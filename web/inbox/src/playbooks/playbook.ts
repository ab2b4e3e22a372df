import type { Appearance, CaptureField, Card, Playbook } from "../../../client/src/index.js";

export type { Appearance, CaptureField, Card, Playbook };
export type CardKind = Card["kind"];
export type CardOf<K extends CardKind> = Extract<Card, { kind: K }>;

/** A playbook as the hub answers it: what was saved, and what is known of it. */
export interface Stored extends Playbook {
  /** From 1; for `If-Match`. */
  version: number;
  installed_at: number | null;
  last_seen_at: number | null;
  live_chat: "none" | "offline_only" | "live";
}

export const KINDS: readonly CardKind[] = ["message", "choice", "capture", "live_chat", "qualify", "disqualify"];
export const CAPTURES: readonly CaptureField[] = ["name", "email", "phone", "organization", "text"];
/** Those the widget knows. */
export const ICONS = ["chat", "question", "mail", "smile"] as const;

/** The wait of a Live Chat card, milliseconds. */
export const WAIT_MS = { least: 10_000, most: 3_600_000, usual: 60_000 };

/** A way on from a card: where it is written, and which card it leads to. */
export interface Way {
  /** As the hub names it in a fault: `next`, `options[1].next`, `offline`. */
  field: string;
  to: string;
}

/** Every way on from a card, in order. */
export function waysOn(card: Card): Way[] {
  switch (card.kind) {
    case "message":
    case "capture":
      return [{ field: "next", to: card.next }];
    case "choice":
      return card.options.map((option, index) => ({ field: `options[${index}].next`, to: option.next }));
    case "live_chat":
      return [{ field: "offline", to: card.offline }];
    default:
      return [];
  }
}

/** The same card with one of its ways leading elsewhere. */
export function led(card: Card, field: string, to: string): Card {
  switch (card.kind) {
    case "message":
    case "capture":
      return { ...card, next: to };
    case "live_chat":
      return { ...card, offline: to };
    case "choice": {
      const options = card.options.map((option, index) =>
        field === `options[${index}].next` ? { ...option, next: to } : option,
      );
      return { ...card, options };
    }
    default:
      return card;
  }
}

/** What a card says first. */
export function textOf(card: Card): string {
  return card.kind === "live_chat" ? card.online_message : card.text;
}
