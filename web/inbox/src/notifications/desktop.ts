import type { NotifyPush } from "../../../client/src/index.js";
import { t } from "../words/words.js";

export type Permission = "granted" | "default" | "denied" | "unsupported";
export type Outcome = "shown" | "blocked" | "hidden";

/** What a push needs to know of the screen it arrives at. */
export interface Screen {
  permission: Permission;
  /** The agent has this very conversation before their eyes. */
  watched: boolean;
}

/** What stands on the screen: `shown` is the conversation whose texts are there, not one that only says it is lost. */
export interface Sight {
  shown: string | null;
  visible: boolean;
  focused: boolean;
}

export function watches({ shown, visible, focused }: Sight, conversation: string): boolean {
  return shown === conversation && visible && focused;
}

/** What is to become of a `notify`: only the connection told to ring shows anything, so that one device rings. */
export function plan(push: NotifyPush, screen: Screen): "show" | Outcome {
  if (!push.ring) return "hidden";
  if (screen.watched && push.reason === "message") return "hidden";
  return screen.permission === "granted" ? "show" : "blocked";
}

export function permission(): Permission {
  return "Notification" in globalThis ? Notification.permission : "unsupported";
}

/** Why no notification appears here, in words with the cure; null when nothing is in the way. */
export function obstacle(state: Permission): string | null {
  switch (state) {
    case "denied":
      return t("notify.denied");
    case "unsupported":
      return t("notify.unsupported");
    default:
      return null;
  }
}
