import { Refusal } from "../../client/src/index.js";

/** What to tell the person when something they asked for was not done. */
export function refusalWords(refusal: unknown): string {
  if (!(refusal instanceof Refusal)) throw refusal;
  switch (refusal.code) {
    case "disconnected":
      return "The connection was lost before that was done. Please try again.";
    case "timeout":
      return "No answer came. Please try again.";
    case "forbidden":
      return "That is not yours to do any more.";
    case "not_found":
      return "You cannot see this conversation any more.";
    case "closed":
      return "The conversation was closed.";
    case "rate_limited":
      return "That was too fast. Please wait a moment.";
    case "unavailable":
      return "The hub cannot do that just now. Please try again.";
    default:
      return refusal.message;
  }
}
