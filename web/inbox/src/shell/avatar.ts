/** "Ada Lovelace" → "AL", "ada" → "A"; a nameless visitor's "Visitor 1f-a" → the last two letters or digits of its id. */
export function initials(name: string, id: string): string {
  const words = name.trim().split(/\s+/);
  const last = words.at(-1) ?? "";
  if (words.length === 2 && last === id.slice(-4)) return id.replace(/[^0-9A-Za-z]/g, "").slice(-2);
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
