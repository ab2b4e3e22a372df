import type { RichBlock, RichInline } from "../../../client/src/index.js";
import { type Child, h } from "./view.js";

/** A bot's text as nodes. The hub has checked the schemes; they are checked here again. */
export function rich(blocks: readonly RichBlock[]): Child {
  return blocks.map((block) =>
    "ul" in block ? (
      <ul>
        {block.ul.map((item) => (
          <li>{inlines(item)}</li>
        ))}
      </ul>
    ) : (
      <p>{inlines(block.p)}</p>
    ),
  );
}

function inlines(parts: readonly RichInline[]): Child {
  return parts.map((part) => {
    if (typeof part === "string") return part;
    if ("b" in part) return <b>{inlines(part.b)}</b>;
    if ("i" in part) return <i>{inlines(part.i)}</i>;
    return "a" in part ? link(part.a, inlines(part.c)) : picture(part.img, part.alt);
  });
}

/** A picture by https, or what stands for it. */
export function picture(source: string | null | undefined, alt: string): Child {
  if (!/^https:/i.test(source ?? "")) return alt;
  return <img src={source} alt={alt} loading="lazy" referrerpolicy="no-referrer" />;
}

/** What a person typed: bare addresses become links, nothing else becomes anything. */
export function plain(text: string): Child {
  const parts = text.split(/(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]])/i);
  return <p>{parts.map((part, at) => (at % 2 === 1 ? link(part, part) : part))}</p>;
}

function link(to: string, words: Child): Child {
  if (!/^(https?|mailto):/i.test(to)) return words;
  return (
    <a href={to} target="_blank" rel="noreferrer nofollow">
      {words}
    </a>
  );
}
