import { t } from "../words/words.js";

/** Why a conversation is out of sight: `assignee` has it now, `winner` took it while one tried to take it. */
export function lostWords(assignee: { name: string } | null, winner: string | null): { title: string; text: string } {
  if (winner !== null) return { title: t("lost.first", { name: winner }), text: t("lost.first.text") };
  if (assignee !== null) return { title: t("lost.theirs", { name: assignee.name }), text: t("lost.theirs.text") };
  return { title: t("lost.unseen"), text: t("lost.unseen.text") };
}
