import { t } from "../words/words.js";
import { Problem } from "./rest.js";

/** What to tell the person when something asked for over REST was not done. */
export function problemWords(problem: unknown): string {
  if (!(problem instanceof Problem)) throw problem;
  switch (problem.code) {
    case "offline":
      return t("refused.offline");
    case "unauthorized":
      return t("refused.unauthorized");
    case "forbidden":
      return t("refused.forbidden");
    case "not_found":
      return t("refused.gone");
    case "rate_limited":
      return t("refused.fast");
    case "unavailable":
      return t("refused.unavailable");
    default:
      return problem.message;
  }
}
