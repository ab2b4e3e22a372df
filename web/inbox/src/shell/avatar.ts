/** "Ada Lovelace" → "AL", "ada" → "A"; a nameless visitor's "Visitor 1f2a" → the last two of its id. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const last = words.at(-1) ?? "";
  if (words.length === 2 && /^[0-9a-z_-]{4}$/.test(last) && /\d/.test(last)) return last.slice(-2);
  const first = [...(words[0] ?? "")][0] ?? "?";
  const second = words.length > 1 ? ([...last][0] ?? "") : "";
  return (first + second).toUpperCase();
}

/** A hue from 0 to 359, the same for the same id. */
export function tint(id: string): number {
  let hash = 7;
  for (const char of id) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) % 360;
  return hash;
}
