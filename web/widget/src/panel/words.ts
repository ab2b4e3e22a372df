/** What the panel says. One language so far; the only file with words in it. */
export const words = {
  panel: "Chat",
  log: "Conversation",
  message: "Message",
  send: "Send",
  closePanel: "Close",
  online: "We are online",
  away: "Nobody is online right now",
  withYou: "is chatting with you",
  connecting: "Connecting…",
  reconnecting: "Connection lost. Reconnecting…",
  tryAgain: "Try again",
  useHere: "Use it here",
  startTrouble: "The chat could not begin.",
  sending: "Sending…",
  sent: "Sent",
  seen: "Seen",
  notSent: "Not sent",
  tooLong: "too long",
  retry: "Retry",
  remove: "Remove",
  joined: (name: string) => `${name} joined`,
  left: (name: string) => `${name} left the chat`,
  typing: (name: string) => `${name} is typing…`,
  ended: "This chat has ended.",
  abandoned: "This chat was closed because it was quiet for a long time.",
  waiting: "Waiting for somebody to join",
  timeLeft: "Time left",
  place: (position: number) => (position === 1 ? "You are next." : `You are number ${position} in the queue.`),
  submit: "Submit",
  skip: "Skip",
  skipped: "Skipped",
  emptyAnswer: "Please fill this in.",
  earlier: "Show earlier messages",
  end: "End chat",
  endSure: "End it for good",
  rate: "How was it?",
  stars: (score: number) => (score === 1 ? "1 star" : `${score} stars`),
  comment: "Anything to add?",
  rateSend: "Send rating",
  thanks: "Thank you for your rating.",
  again: "Start a new chat",
  failed: "That did not work. Please try again.",
  you: "You",
} as const;

/** Why the hub does not want this connection back, for a person. */
export function stopWords(code: number): string {
  switch (code) {
    case 4500:
    case 4501:
      return "This chat window is out of date. Reload the page.";
    case 4502:
      return "Your session is not valid any more.";
    case 4503:
      return "Chat is not available on this page.";
    case 4504:
      return "Too many messages in a short time. Wait a little, then try again.";
    case 4505:
      return "This chat is open in other tabs.";
    default:
      return "The chat was disconnected.";
  }
}
