import { t } from "../words/words.js";

/** Why the hub ended the connection for good, in words, and what helps. */
export interface StopWords {
  title: string;
  text: string;
  /** `sign_in`: a new token is needed; `again`: the person may try the same once more. */
  cure: "sign_in" | "again";
}

export function stopWords(code: number, reason = ""): StopWords {
  switch (code) {
    case 4502:
      return { title: t("stop.expired"), text: t("stop.expired.text"), cure: "sign_in" };
    case 4505:
      return { title: t("stop.elsewhere"), text: t("stop.elsewhere.text"), cure: "again" };
    case 4503:
      return { title: t("stop.address"), text: t("stop.address.text"), cure: "again" };
    case 4504:
      return { title: t("stop.hub"), text: t("stop.too_much.text"), cure: "again" };
    default:
      return {
        title: t("stop.hub"),
        text: reason === "" ? t("stop.code.text", { code }) : t("stop.reason.text", { reason, code }),
        cure: "again",
      };
  }
}
