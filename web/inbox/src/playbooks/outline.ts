import { type Playbook, type Way, waysOn } from "./playbook.js";

/** A line of the outline. */
export interface Line {
  /** Where it stands: `start`, or the card and field that lead to it. Unique. */
  key: string;
  depth: number;
  card: string;
  /** What leads here; null for the first card and for cards nothing leads to. */
  by: { card: string; way: Way } | null;
  /** `again`: the card stands further up already, the path goes on there; `missing`: there is no such card. */
  kind: "card" | "again" | "missing" | "stray";
}

/**
 * A playbook as an outline: from the first card on, each card once, below the one that leads to it first. What follows
 * a card without a choice stands at its own depth, so that a long path does not wander off to the right. Last the
 * cards that nothing leads to.
 */
export function outline(playbook: Pick<Playbook, "start" | "cards">): Line[] {
  const lines: Line[] = [];
  const seen = new Set<string>();
  walk(playbook, { card: playbook.start, by: null, depth: 0 }, seen, lines);
  for (const card of Object.keys(playbook.cards)) {
    if (!seen.has(card)) walk(playbook, { card, by: null, depth: 0 }, seen, lines);
  }
  return lines;
}

interface Step {
  card: string;
  by: Line["by"];
  depth: number;
}

function walk(playbook: Pick<Playbook, "start" | "cards">, first: Step, seen: Set<string>, lines: Line[]): void {
  // By hand, since a path may be 200 cards long: the next one to be shown is last.
  const open: Step[] = [first];
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    const { card: id, by, depth } = step;
    const card = playbook.cards[id];
    const key = by === null ? `start:${id}` : `${by.card}.${by.way.field}`;
    const kind =
      card === undefined
        ? "missing"
        : seen.has(id)
          ? "again"
          : step === first && id !== playbook.start
            ? "stray"
            : "card";
    lines.push({ key, depth, card: id, by, kind });
    if (card === undefined || kind === "again") continue;
    seen.add(id);
    const ways = waysOn(card);
    const deeper = card.kind === "choice" || card.kind === "live_chat" ? 1 : 0;
    for (const way of ways.reverse()) open.push({ card: way.to, by: { card: id, way }, depth: depth + deeper });
  }
}
