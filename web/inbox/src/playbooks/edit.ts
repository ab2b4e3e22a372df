import { type Card, type CardKind, led, type Playbook, WAIT_MS, waysOn } from "./playbook.js";

/** What an edit leaves behind: the playbook, and the card to look at next. */
export interface Edited {
  playbook: Playbook;
  card: string;
}

/** A card of a kind with nothing said yet; `next` is where it leads. */
export function blank(kind: CardKind, next: string): Card {
  switch (kind) {
    case "message":
      return { kind, text: "", next };
    case "choice":
      return { kind, text: "", options: [{ id: "option-1", label: "", next }] };
    case "capture":
      return { kind, text: "", field: "email", required: true, next };
    case "live_chat":
      return { kind, online_message: "", wait_ms: WAIT_MS.usual, offline_message: "", offline: next };
    case "qualify":
    case "disqualify":
      return { kind, text: "", create: [] };
  }
}

/** A name for a card that no card has yet: `message`, `message-2`, … */
export function freeName(playbook: Playbook, kind: CardKind): string {
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? kind : `${kind}-${number}`;
    if (!(name in playbook.cards)) return name;
  }
}

/** Puts a new card on the way that leads from `from` (null: at the very beginning); it leads on to where that led. */
export function insert(playbook: Playbook, from: { card: string; field: string } | null, kind: CardKind): Edited {
  const name = freeName(playbook, kind);
  const before = from === null ? undefined : playbook.cards[from.card];
  const to =
    from === null ? playbook.start : (waysOn(before as Card).find(({ field }) => field === from.field)?.to ?? "");
  const cards = { ...playbook.cards, [name]: blank(kind, to) };
  if (from === null || before === undefined) return { playbook: { ...playbook, cards, start: name }, card: name };
  cards[from.card] = led(before, from.field, name);
  return { playbook: { ...playbook, cards }, card: name };
}

/** Takes a card out: whatever led to it leads to where it led first, and what only it led to goes with it. */
export function remove(playbook: Playbook, id: string): Edited {
  const gone = playbook.cards[id];
  if (gone === undefined) return { playbook, card: playbook.start };
  const next = waysOn(gone).find(({ to }) => to !== id)?.to ?? "";
  const cards: Playbook["cards"] = {};
  for (const [name, card] of Object.entries(playbook.cards)) {
    if (name !== id) cards[name] = rerouted(card, id, next);
  }
  const start = playbook.start === id ? next : playbook.start;
  const pruned = prune(playbook, { ...playbook, cards, start });
  return { playbook: pruned, card: next in pruned.cards ? next : start };
}

/** Takes an answer out of a choice, and with it what only it led to. */
export function removeOption(playbook: Playbook, id: string, index: number): Edited {
  const card = playbook.cards[id];
  if (card?.kind !== "choice") return { playbook, card: id };
  const options = card.options.filter((_, at) => at !== index);
  const cards = { ...playbook.cards, [id]: { ...card, options } };
  return { playbook: prune(playbook, { ...playbook, cards }), card: id };
}

/** Without the cards that lay on a path before and lie on none now; what was stray before stays. */
function prune(before: Playbook, after: Playbook): Playbook {
  const [then, now] = [reached(before.start, before.cards), reached(after.start, after.cards)];
  const kept = Object.entries(after.cards).filter(([name]) => now.has(name) || !then.has(name));
  return { ...after, cards: Object.fromEntries(kept) };
}

function rerouted(card: Card, from: string, to: string): Card {
  return waysOn(card)
    .filter((way) => way.to === from)
    .reduce((changed, way) => led(changed, way.field, to), card);
}

/** The cards on any path from here. */
export function reached(start: string, cards: Playbook["cards"]): Set<string> {
  const found = new Set<string>();
  const open = [start];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const card = cards[id];
    if (card === undefined || found.has(id)) continue;
    found.add(id);
    open.push(...waysOn(card).map(({ to }) => to));
  }
  return found;
}

/** Calls a card by another name, everywhere. Null when that is taken or empty. */
export function rename(playbook: Playbook, from: string, to: string): Playbook | null {
  const card = playbook.cards[from];
  if (to === from) return playbook;
  if (card === undefined || to === "" || to in playbook.cards) return null;
  const cards: Playbook["cards"] = {};
  // In its old place, so that the outline does not jump.
  for (const [name, one] of Object.entries(playbook.cards)) cards[name === from ? to : name] = rerouted(one, from, to);
  return { ...playbook, cards, start: playbook.start === from ? to : playbook.start };
}

/** A name for an answer that no answer of the card has yet. */
export function freeOption(options: readonly { id: string }[]): string {
  for (let number = options.length + 1; ; number += 1) {
    if (!options.some(({ id }) => id === `option-${number}`)) return `option-${number}`;
  }
}
