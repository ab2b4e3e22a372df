import { itemName } from "../conversation/wording.js";
import type { Fault } from "../rest/rest.js";
import { t, type Word } from "../words/words.js";
import { reached } from "./edit.js";
import { richOf } from "./markdown.js";
import { type Card, type Playbook, waysOn } from "./playbook.js";
import { isIn } from "./touched.js";
import { isUnread } from "./waits.js";

/** Fields of one rule, whatever is wrong with them. */
const RULES: Record<string, Word> = {
  "appearance.color": "fault.color",
  "appearance.avatar": "fault.avatar",
  locale: "fault.locale",
};
const NAMES: Record<string, Word> = {
  name: "playbook.name",
  locale: "look.locale",
  origins: "origins",
  open_after_ms: "look.opens",
  "appearance.color": "look.color",
  "appearance.icon": "look.icon",
  "appearance.bot_name": "look.bot",
  "appearance.avatar": "look.avatar",
  cards: "cards",
  text: "card.text",
  next: "card.next",
  options: "choice.answers",
  create: "create.of_card",
  online_message: "live.online",
  wait_ms: "live.wait",
  offline_message: "live.offline",
  offline: "live.flow",
};
const LONGEST_LABEL = 255;
const LONGEST_TITLE = 1_024;

/**
 * What is wrong, in the reader's language, told by the field and what stands in it, as long as it is what was refused.
 * What cannot be told from that, and whatever a newer hub has against it, is said in the hub's own words.
 */
export function faultWords(fault: Fault, playbook: Playbook): string {
  const card = fault.card === null ? undefined : playbook.cards[fault.card];
  if (fault.card !== null && card === undefined) return fault.message;
  const field = fault.field ?? "";
  const origin = playbook.origins[Number(/^origins\[(\d+)\]$/.exec(field)?.[1] ?? -1)];
  if (card === undefined && origin !== undefined) return originWords(origin);
  const word = card === undefined ? frameWord(field, playbook) : cardWord(fault.card ?? "", field, card, playbook);
  return word === null ? fault.message : t(word);
}

/** What the hub refused, and the playbook as it is now. */
interface Refused {
  faults: readonly Fault[];
  now: Playbook;
}

/** All that is wrong with a card, or, without one, with the playbook, in words; `field` narrows it. */
export function faultsOf({ faults, now }: Refused, card: string | null, field?: string | null): string[] {
  const these = faults.filter((fault) => fault.card === card && (field === undefined || fault.field === field));
  return these.map((fault) => faultWords(fault, now));
}

/** The same of a field and all its parts. */
export function faultsIn({ faults, now }: Refused, card: string | null, field: string): string[] {
  const these = faults.filter((fault) => fault.card === card && isIn(field, fault.field));
  return these.map((fault) => faultWords(fault, now));
}

/** What stands above the field in its form; the hub's name for what has none. */
export function fieldName({ card: id, field }: Fault, playbook: Playbook): string {
  if (field === null) return "";
  const card = id === null ? undefined : playbook.cards[id];
  const [, list, at, part] = /^(\w+)\[(\d+)\](?:\.(\w+))?$/.exec(field) ?? [];
  const number = Number(at) + 1;
  if (list === "options") return t(part === "next" ? "choice.leads" : "choice.answer", { number });
  if (list === "create" && card !== undefined && "create" in card) {
    const item = card.create[number - 1];
    if (item !== undefined) return t("create.title", { item: itemName(item.kind), number });
  }
  if (field === "text" && (card?.kind === "choice" || card?.kind === "capture")) return t("card.question");
  const word = NAMES[list ?? field];
  return word === undefined ? field : t(word);
}

function frameWord(field: string, playbook: Playbook): Word | null {
  if (field === "name") return textWord(playbook.name, LONGEST_LABEL);
  if (field === "appearance.bot_name") return textWord(playbook.appearance.bot_name, LONGEST_LABEL);
  if (field === "open_after_ms") return isUnread(playbook.open_after_ms) ? "fault.seconds" : "fault.open_after";
  return RULES[field] ?? null;
}

/** Like what a browser would send from there, where that can be told. */
function originWords(origin: string): string {
  const like = URL.canParse(origin) ? new URL(origin).origin : "null";
  return t("fault.origin", { origin, like: like === "null" ? "https://www.example.com" : like });
}

function cardWord(id: string, field: string, card: Card, playbook: Playbook): Word | null {
  if (field === "") return reached(playbook.start, playbook.cards).has(id) ? "fault.card_name" : "fault.stray";
  const way = waysOn(card).find((one) => one.field === field);
  if (way !== undefined) {
    if (!(way.to in playbook.cards)) return "fault.nowhere";
    return field === "offline" ? "fault.second_live" : field === "next" ? "fault.circle" : null;
  }
  if (card.kind === "live_chat") {
    if (field === "wait_ms") return isUnread(card.wait_ms) ? "fault.seconds" : "fault.wait";
    return field === "online_message" || field === "offline_message" ? richWord(card[field]) : null;
  }
  if (field === "text") return richWord(card.text);
  const [, list, at, part] = /^(\w+)\[(\d+)\]\.(\w+)$/.exec(field) ?? [];
  if (card.kind === "choice") {
    if (field === "options") return card.options.length === 0 ? "fault.empty" : null;
    return part === "label" ? textWord(card.options[Number(at)]?.label, LONGEST_LABEL) : null;
  }
  if (list !== "create" || !("create" in card)) return null;
  const item = card.create[Number(at)];
  return part === "title" || part === "subject" ? textWord(item?.[part] ?? "", LONGEST_TITLE) : null;
}

function textWord(text: string | undefined, most: number): Word | null {
  if (text === undefined) return null;
  if (text.trim() === "") return "fault.empty";
  return new TextEncoder().encode(text).length > most ? "fault.long" : null;
}

/** A card's text is empty, or too long. */
function richWord(markdown: string): Word {
  return richOf(markdown).length === 0 ? "fault.empty" : "fault.long";
}
