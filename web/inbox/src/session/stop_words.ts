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
      return {
        title: "Your sign-in has ended",
        text: "The token has expired or is not valid here. Open a fresh sign-in link, or paste a new token.",
        cure: "sign_in",
      };
    case 4505:
      return {
        title: "Opened elsewhere",
        text: "You have the inbox open in too many places, so this one, the oldest, was disconnected.",
        cure: "again",
      };
    case 4503:
      return { title: "Not allowed here", text: "The hub does not accept an inbox from this address.", cure: "again" };
    case 4504:
      return {
        title: "Disconnected by the hub",
        text: "Too much came from this page at once. Wait a moment, then connect again.",
        cure: "again",
      };
    default:
      return {
        title: "Disconnected by the hub",
        text:
          reason === "" ? `The hub ended the connection (code ${code}).` : `The hub says: ${reason} (code ${code}).`,
        cure: "again",
      };
  }
}
