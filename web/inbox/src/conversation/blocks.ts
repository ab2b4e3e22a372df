import type { Line } from "./transcript.js";

/** Lines that are drawn, or not, together. */
export interface Block {
  id: number;
  lines: Line[];
}

/** So many places of the log make a block: borders that stay where they are, whatever is put before or behind. */
const PLACES = 40;
/** A guess at the height of a line nobody has seen yet, in pixels. */
const LINE = 44;

/** Cuts a transcript into blocks; what is not in the log yet belongs to the last one. */
export function blocksOf(lines: readonly Line[]): Block[] {
  const blocks: Block[] = [];
  for (const line of lines) {
    const last = blocks.at(-1);
    const id = line.seq === null ? (last?.id ?? 0) : Math.floor(line.seq / PLACES);
    if (last !== undefined && last.id === id) last.lines.push(line);
    else blocks.push({ id, lines: [line] });
  }
  return blocks;
}

export function estimate({ lines }: Block): number {
  return lines.length * LINE;
}
