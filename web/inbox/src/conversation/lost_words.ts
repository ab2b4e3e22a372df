import { t } from "../words/words.js";

/**
 * Why a conversation is out of sight: `assignee` has it now, `winner` took it while one tried to take it. `handed`: to
 * whom one gave it oneself, by their id.
 */
export function lostWords(
  assignee: { id: string; name: string } | null,
  winner: string | null,
  handed: string | null,
): { title: string; text: string } {
  if (winner !== null) return { title: t("lost.first", { name: winner }), text: t("lost.first.text") };
  if (assignee === null) return { title: t("lost.unseen"), text: t("lost.unseen.text") };
  const { id, name } = assignee;
  const how = handed === id ? [t("lost.handed", { name })] : [];
  return { title: t("lost.theirs", { name }), text: [...how, t("lost.theirs.text")].join(" ") };
}
