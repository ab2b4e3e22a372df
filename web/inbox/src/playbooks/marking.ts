export type Mark = "bold" | "italic" | "link" | "list" | "image";

export interface Marked {
  text: string;
  /** What is selected afterwards. */
  from: number;
  to: number;
}

const AROUND = { bold: "**", italic: "*" };
const ADDRESS = "https://";

/** Puts a mark around what is selected, or takes it off again. */
export function marked(text: string, from: number, to: number, mark: Mark): Marked {
  const chosen = text.slice(from, to);
  if (mark === "list") return listed(text, from, to);
  if (mark === "link" || mark === "image") {
    const head = `${text.slice(0, from)}${mark === "image" ? "!" : ""}[${chosen}](`;
    // The address is what has to be typed now.
    return { text: `${head}${ADDRESS})${text.slice(to)}`, from: head.length, to: head.length + ADDRESS.length };
  }
  const sign = AROUND[mark];
  const [before, after] = [text.slice(0, from), text.slice(to)];
  const inside = before.endsWith(sign) && after.startsWith(sign) && !(mark === "italic" && before.endsWith("**"));
  if (inside) {
    const start = from - sign.length;
    return {
      text: before.slice(0, -sign.length) + chosen + after.slice(sign.length),
      from: start,
      to: start + chosen.length,
    };
  }
  const start = from + sign.length;
  return { text: before + sign + chosen + sign + after, from: start, to: start + chosen.length };
}

/** Every selected line becomes a bullet, or none of them where all are. */
function listed(text: string, from: number, to: number): Marked {
  const start = text.lastIndexOf("\n", from - 1) + 1;
  const stop = text.indexOf("\n", to);
  const end = stop < 0 ? text.length : stop;
  const lines = text.slice(start, end).split("\n");
  const all = lines.every((line) => line.startsWith("- "));
  const changed = lines.map((line) => (all ? line.slice(2) : line.startsWith("- ") ? line : `- ${line}`)).join("\n");
  return { text: text.slice(0, start) + changed + text.slice(end), from: start, to: start + changed.length };
}
