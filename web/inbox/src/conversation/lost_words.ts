/** Why a conversation is out of sight: `assignee` has it now, `winner` took it while one tried to take it. */
export function lostWords(assignee: { name: string } | null, winner: string | null): { title: string; text: string } {
  if (winner !== null) {
    return { title: `${winner} took it first`, text: "The conversation is theirs now, so it is not shown here." };
  }
  if (assignee !== null) {
    return {
      title: `${assignee.name} has it now`,
      text: "An assigned conversation is shown to nobody but its agent, until it is handed back or closed.",
    };
  }
  return { title: "Not yours to see any more", text: "The conversation is not visible to you." };
}
