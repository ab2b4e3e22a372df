/**
 * Draws trees of plain objects into the DOM, and at the next draw touches only what differs. As much of the idea of
 * React and Preact as a chat window needs: no components with a state of their own, no fragments, no effects.
 */
export type Child = Drawing | string | false | null | undefined | readonly Child[];

/** An element to be; a text when `tag` is empty. */
export interface Drawing {
  tag: string;
  props: Props;
  children: readonly Child[];
  node?: Element | Text | undefined;
  /** What the node had before this draw; missing when it is new. */
  old?: Props;
}

type Props = Readonly<Record<string, unknown>>;

const SVG = "http://www.w3.org/2000/svg";
const DRAWN = new WeakMap<Node, ReadonlyMap<unknown, Drawing>>();

/** What the compiler makes of a tag. */
export function h(tag: string, props: Props | null, ...children: Child[]): Drawing {
  return { tag, props: props ?? {}, children };
}

/** Makes what is in `place` look like `children`. A node lives on while there is one of its key (or place) and tag. */
export function draw(place: Node, ...children: readonly Child[]): void {
  const next = new Map<unknown, Drawing>();
  gather(children, "", next);
  // First of all: nothing that stays is moved to make room, since moving takes away focus and scroll position.
  for (const [key, { tag, node, props }] of DRAWN.get(place) ?? []) {
    const drawing = next.get(key);
    if (drawing?.tag === tag) {
      drawing.node = node;
      drawing.old = props;
    } else node?.remove();
  }
  let here = place.firstChild;
  for (const drawing of next.values()) {
    const { tag, props, old } = drawing;
    drawing.node ??= make(tag);
    const { node } = drawing;
    change(node, props, old ?? {});
    if (tag !== "") draw(node, ...drawing.children);
    if (node === here) here = here.nextSibling;
    else place.insertBefore(node, here);
    if (old === undefined) (props.made as ((node: Node) => void) | undefined)?.(node);
  }
  DRAWN.set(place, next);
}

/** A hole keeps its place, so that what comes and goes does not disturb the rest. */
function gather(children: readonly Child[], before: string, into: Map<unknown, Drawing>): void {
  children.forEach((child, index) => {
    const place = before + index;
    if (Array.isArray(child)) gather(child, `${place}.`, into);
    else if (typeof child === "object" && child !== null)
      into.set((child as Drawing).props.key ?? place, child as Drawing);
    else if (child) into.set(place, { tag: "", props: { data: child }, children: [] });
  });
}

function make(tag: string): Element | Text {
  if (tag === "") return new Text();
  const drawn = tag === "svg" || tag === "path";
  const node = drawn ? document.createElementNS(SVG, tag) : document.createElement(tag);
  // Of two kinds of buttons the harmless one: it sends no form.
  if (tag === "button") node.setAttribute("type", tag);
  return node;
}

function change(node: Element | Text, next: Props, old: Props): void {
  for (const name of Object.keys({ ...old, ...next })) {
    const value = next[name];
    if (value === old[name] || name === "key" || name === "made") continue;
    // A text's data, or a listener.
    if (node instanceof Text || name.startsWith("on")) Object.assign(node, { [name.toLowerCase()]: value });
    else if (value === null || value === undefined || value === false) node.removeAttribute(name);
    else node.setAttribute(name, value === true ? "" : (value as string));
  }
}

type Attributes<E extends Element> = {
  readonly [name: string]: unknown;
  readonly key?: string | boolean;
  readonly children?: unknown;
  /** Called once, when the element has been put in its place. */
  readonly made?: (element: E) => void;
} & { readonly [Name in keyof Listeners]?: (event: Listeners[Name] & { currentTarget: E }) => void };

interface Listeners {
  onClick: MouseEvent;
  onChange: Event;
  onInput: InputEvent;
  onKeyDown: KeyboardEvent;
  onSubmit: SubmitEvent;
}

/** What the compiler wants to know of tags. */
export declare namespace h {
  namespace JSX {
    type Element = Drawing;
    interface ElementChildrenAttribute {
      children: unknown;
    }
    type IntrinsicElements = { [Tag in keyof HTMLElementTagNameMap]: Attributes<HTMLElementTagNameMap[Tag]> } & {
      svg: Attributes<SVGElement>;
      path: Attributes<SVGPathElement>;
    };
  }
}
