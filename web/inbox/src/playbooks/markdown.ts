import type { RichBlock, RichInline } from "../../../client/src/index.js";
import { safeHref } from "../conversation/links.js";

/**
 * The Markdown that a card may hold, as the hub reads it: bold, italic, links, bullet lists and images; all else shows
 * as text. For the preview alone: what visitors get is what the hub makes of it. Where the two differ is in the odd
 * corners of CommonMark (reference links, nested lists, escapes within addresses).
 */
export function richOf(markdown: string): RichBlock[] {
  const blocks: RichBlock[] = [];
  let paragraph: string[] = [];
  let items: string[] | null = null;
  const endParagraph = (): void => {
    if (paragraph.length > 0) put(blocks, { p: inlines(paragraph.join("\n")) });
    paragraph = [];
  };
  const endList = (): void => {
    if (items !== null) blocks.push({ ul: items.map(inlines).filter((item) => item.length > 0) });
    items = null;
  };
  for (const line of markdown.replaceAll("\r\n", "\n").split("\n")) {
    const bullet = /^ {0,3}[-*+]\s+(.*)$/.exec(line);
    const head = /^ {0,3}#{1,6}\s+(.*?)\s*#*$/.exec(line);
    if (bullet !== null && !isRule(line)) {
      endParagraph();
      items ??= [];
      items.push(bullet[1] ?? "");
    } else if (line.trim() === "") {
      endParagraph();
      endList();
    } else if (head !== null) {
      endParagraph();
      endList();
      put(blocks, { p: inlines(head[1] ?? "") });
    } else if (items !== null && paragraph.length === 0) {
      items[items.length - 1] += `\n${line.trim()}`;
    } else paragraph.push(line.trim());
  }
  endParagraph();
  endList();
  return blocks;
}

function put(blocks: RichBlock[], block: { p: RichInline[] }): void {
  if (block.p.length > 0) blocks.push(block);
}

/** `***` and `- - -` are rules, not bullets. */
function isRule(line: string): boolean {
  return /^ {0,3}([-*_])(\s*\1){2,}\s*$/.test(line);
}

const MAIL = /^[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+$/;
const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', nbsp: "\u00a0" };
/** What ends the plain text, the first that fits. */
const MARKS = new RegExp(
  [
    String.raw`\\(?<escaped>[!-/:-@[-${"`"}{-~])`,
    String.raw`&(?<entity>#\d{1,7}|#[xX][\da-fA-F]{1,6}|amp|lt|gt|quot|nbsp);`,
    "`(?<code>[^`]+)`",
    String.raw`!\[(?<alt>[^\]]*)\]\(<?(?<image>[^\s)>]*)>?\)`,
    String.raw`\[(?<words>[^\]]+)\]\(<?(?<link>[^\s)>]*)>?\)`,
    String.raw`<(?<bare>[^\s<>]+)>`,
    String.raw`\*\*\*(?=\S)(?<both>[\s\S]*?\S)\*\*\*`,
    String.raw`\*\*(?=\S)(?<strong>[\s\S]*?\S)\*\*`,
    String.raw`(?<![\p{L}\p{N}])__(?=\S)(?<strong2>[\s\S]*?\S)__(?![\p{L}\p{N}])`,
    String.raw`\*(?=[^\s*])(?<soft>[\s\S]*?[^\s*])\*(?!\*)`,
    String.raw`(?<![\p{L}\p{N}])_(?=[^\s_])(?<soft2>[\s\S]*?[^\s_])_(?![\p{L}\p{N}])`,
  ].join("|"),
  "gu",
);

function inlines(text: string): RichInline[] {
  const found: RichInline[] = [];
  let at = 0;
  for (const match of text.matchAll(MARKS)) {
    say(found, text.slice(at, match.index));
    for (const inline of inlineOf(match[0], match.groups ?? {})) {
      if (typeof inline === "string") say(found, inline);
      else found.push(inline);
    }
    at = match.index + match[0].length;
  }
  say(found, text.slice(at));
  return found;
}

function inlineOf(whole: string, mark: Record<string, string | undefined>): RichInline[] {
  const { escaped, entity, code, alt, image, words, link, bare, both } = mark;
  if (escaped !== undefined) return [escaped];
  if (entity !== undefined) return [entityText(entity) ?? whole];
  if (code !== undefined) return [code.trim()];
  if (image !== undefined) return safeHref(image, ["https:"]) === null ? [alt ?? ""] : [{ img: image, alt: alt ?? "" }];
  if (words !== undefined) return linked(link ?? "", inlines(words));
  if (bare !== undefined) {
    if (MAIL.test(bare)) return [{ a: `mailto:${bare}`, c: [bare] }];
    return safeHref(bare) === null ? [whole] : [{ a: bare, c: [bare] }];
  }
  if (both !== undefined) return [{ i: [{ b: inlines(both) }] }];
  const strong = mark.strong ?? mark.strong2;
  if (strong !== undefined) return [{ b: inlines(strong) }];
  return [{ i: inlines(mark.soft ?? mark.soft2 ?? "") }];
}

function entityText(name: string): string | null {
  if (!name.startsWith("#")) return ENTITIES[name] ?? null;
  const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
  return code > 0x1f && code <= 0x10ffff ? String.fromCodePoint(code) : null;
}

function linked(address: string, content: RichInline[]): RichInline[] {
  return safeHref(address) === null ? content : [{ a: address, c: content }];
}

/** Adds text, to the text before it where there is one. */
function say(to: RichInline[], text: string): void {
  if (text === "") return;
  const last = to.at(-1);
  if (typeof last === "string") to[to.length - 1] = last + text;
  else to.push(text);
}
