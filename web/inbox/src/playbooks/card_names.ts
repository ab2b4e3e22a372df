import type { RichInline } from "../../../client/src/index.js";
import { t } from "../words/words.js";
import { richOf } from "./markdown.js";
import { type Card, textOf } from "./playbook.js";

export function kindName(card: Card | undefined): string {
  return card === undefined ? t("card.missing") : t(`card.${card.kind}`);
}

/** What to call a card in the outline: the beginning of what it says, else its name. */
export function titleOf(id: string, card: Card | undefined): string {
  const text = card === undefined ? "" : plain(textOf(card));
  return text === "" ? id : text;
}

/** What a way on is called where a card has several: the answer, or why the path is taken; null where there is one. */
export function wayName(card: Card | undefined, field: string): string | null {
  if (card?.kind === "live_chat") return t("way.offline");
  if (card?.kind !== "choice") return null;
  const index = Number(/^options\[(\d+)\]/.exec(field)?.[1] ?? -1);
  const option = card.options[index];
  return option === undefined ? null : option.label || option.id;
}

const LONGEST = 60;

function plain(markdown: string): string {
  const text = richOf(markdown)
    .flatMap((block) => ("p" in block ? [block.p] : block.ul))
    .map((inlines) => inlines.map(textIn).join(""))
    .join(" ")
    .replace(/\s+/g, " ")
    .trim();
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

function textIn(inline: RichInline): string {
  if (typeof inline === "string") return inline;
  if ("img" in inline) return inline.alt;
  const inside = "b" in inline ? inline.b : "i" in inline ? inline.i : inline.c;
  return inside.map(textIn).join("");
}
