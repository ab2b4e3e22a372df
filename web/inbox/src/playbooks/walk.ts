import type { RichBlock } from "../../../client/src/index.js";
import { richOf } from "./markdown.js";
import type { Card, Playbook } from "./playbook.js";

/** A line of the preview. */
export type Said = { by: "bot"; card: string; rich: RichBlock[] } | { by: "visitor"; text: string };

/** Where a walk through a draft stands. */
export interface Walk {
  said: Said[];
  /** What it waits for; null at the end. */
  at: { card: string; ask: "choice" | "capture" | "wait" } | null;
  /** How it ended: on an end card, or where a card is missing. */
  end: "qualify" | "disqualify" | "missing" | "circle" | null;
}

/** Walks on from a card until something is asked, or the path ends. `online`: an agent is there. */
export function walkFrom(playbook: Playbook, id: string, online: boolean, said: readonly Said[] = []): Walk {
  const lines = [...said];
  const passed = new Set<string>();
  for (let at = id; ; ) {
    const card: Card | undefined = playbook.cards[at];
    if (card === undefined) return { said: lines, at: null, end: "missing" };
    // A circle without a question in it: the hub refuses it, and so the walk ends.
    if (passed.has(at)) return { said: lines, at: null, end: "circle" };
    passed.add(at);
    if (card.kind === "live_chat") {
      lines.push({ by: "bot", card: at, rich: richOf(online ? card.online_message : card.offline_message) });
      if (online) return { said: lines, at: { card: at, ask: "wait" }, end: null };
      at = card.offline;
      continue;
    }
    lines.push({ by: "bot", card: at, rich: richOf(card.text) });
    if (card.kind === "choice" || card.kind === "capture") {
      return { said: lines, at: { card: at, ask: card.kind }, end: null };
    }
    if (card.kind !== "message") return { said: lines, at: null, end: card.kind };
    at = card.next;
  }
}

/** The visitor answers, and the walk goes on. */
export function answered(playbook: Playbook, walk: Walk, text: string, next: string, online: boolean): Walk {
  return walkFrom(playbook, next, online, [...walk.said, { by: "visitor", text }]);
}
