export type TextPart = { text: string; href?: string };

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`]+/gi;

/** What people type is plain text: bare web addresses become links, and nothing else becomes anything. */
export function linkParts(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let at = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = withoutTail(match[0]);
    if (safeHref(address) === null) continue;
    if (match.index > at) parts.push({ text: text.slice(at, match.index) });
    parts.push({ text: address, href: address });
    at = match.index + address.length;
  }
  if (at < text.length) parts.push({ text: text.slice(at) });
  return parts;
}

/** A link's target when it is one we open, else null. The hub filters too; a screen trusts nobody. */
export function safeHref(href: string, schemes: readonly string[] = ["http:", "https:", "mailto:"]): string | null {
  try {
    return schemes.includes(new URL(href).protocol) ? href : null;
  } catch {
    return null;
  }
}

/** "See https://a.example/b." ends before the full stop, and "(https://a.example)" before the bracket. */
function withoutTail(address: string): string {
  let rest = address.replace(/[.,;:!?]+$/, "");
  while (rest.endsWith(")") && rest.split("(").length < rest.split(")").length) rest = rest.slice(0, -1);
  return rest;
}
