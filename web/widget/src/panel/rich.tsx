import type { ComponentChildren } from "preact";
import type { RichBlock, RichInline } from "../../../client/src/index.js";

/** A bot's text as nodes. The hub has checked the schemes; they are checked here again. */
export function Rich({ blocks }: { blocks: RichBlock[] }) {
  return (
    <>
      {blocks.map((block, at) =>
        "ul" in block ? (
          <ul key={at}>
            {block.ul.map((item, itemAt) => (
              <li key={itemAt}>{inlines(item)}</li>
            ))}
          </ul>
        ) : (
          <p key={at}>{inlines(block.p)}</p>
        ),
      )}
    </>
  );
}

function inlines(parts: RichInline[]): ComponentChildren {
  return parts.map((part, at) => {
    if (typeof part === "string") return part;
    if ("b" in part) return <strong key={at}>{inlines(part.b)}</strong>;
    if ("i" in part) return <em key={at}>{inlines(part.i)}</em>;
    if ("a" in part) return <Link key={at} to={part.a} words={inlines(part.c)} />;
    if (!/^https:\/\//i.test(part.img)) return part.alt;
    return <img key={at} src={part.img} alt={part.alt} loading="lazy" referrerpolicy="no-referrer" />;
  });
}

/** What a person typed: bare addresses become links, nothing else becomes anything. */
export function Plain({ text }: { text: string }) {
  const parts = text.split(/(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]])/gi);
  return <p>{parts.map((part, at) => (at % 2 === 1 ? <Link key={at} to={part} words={part} /> : part))}</p>;
}

function Link({ to, words }: { to: string; words: ComponentChildren }) {
  if (!/^(https?:\/\/|mailto:)/i.test(to)) return <>{words}</>;
  return (
    <a href={to} target="_blank" rel="noopener noreferrer nofollow">
      {words}
    </a>
  );
}
