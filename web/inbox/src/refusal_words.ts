import { Refusal } from "../../client/src/index.js";
import { t } from "./words/words.js";

/** What to tell the person when something they asked for was not done. */
export function refusalWords(refusal: unknown): string {
  if (!(refusal instanceof Refusal)) throw refusal;
  switch (refusal.code) {
    case "disconnected":
      return t("refused.disconnected");
    case "timeout":
      return t("refused.timeout");
    case "forbidden":
      return t("refused.not_yours");
    case "not_found":
      return t("refused.unseen");
    case "closed":
      return t("refused.closed");
    case "rate_limited":
      return t("refused.fast");
    case "too_large":
      return t("unsent.too_long");
    case "unavailable":
      return t("refused.unavailable");
    default:
      return refusal.message;
  }
}
