import { SvelteSet } from "svelte/reactivity";

/** Within this many pixels of the end the reader follows along. */
const NEAR_END = 80;
/** Within this many of the beginning earlier lines are wanted. */
const NEAR_TOP = 600;

/**
 * Where the reader is in a log whose blocks are drawn only near the window. What is read stays where it is, whatever
 * changes its height above; who is at the end stays at the end.
 */
export class Scroll {
  /** Blocks in the window or a screen and a half away. */
  readonly near = new SvelteSet<number>();
  following = $state(true);
  nearTop = $state(false);
  readonly #heights = new Map<number, number>();
  #log: HTMLElement | undefined;
  #eyes: IntersectionObserver | undefined;
  /** The first block in the window, and where its top is in it. */
  #anchor: { block: Element; at: number } | undefined;

  /** A block's height when it was last drawn. */
  height(id: number): number | undefined {
    return this.#heights.get(id);
  }

  /** For the scrolling element, whose only child holds the blocks. */
  attach = (log: HTMLElement): (() => void) => {
    this.#log = log;
    const moved = (): void => this.#moved();
    const keep = new ResizeObserver(() => this.#keep());
    if (log.firstElementChild !== null) keep.observe(log.firstElementChild);
    keep.observe(log);
    log.addEventListener("scroll", moved, { passive: true });
    log.scrollTop = log.scrollHeight;
    return () => {
      keep.disconnect();
      this.#eyes?.disconnect();
      log.removeEventListener("scroll", moved);
    };
  };

  /** For each block. */
  watch = (block: HTMLElement): (() => void) => {
    this.#eyes ??= new IntersectionObserver((seen) => this.#seen(seen), {
      root: block.closest("[role=log]"),
      rootMargin: "150% 0px",
    });
    this.#eyes.observe(block);
    return () => this.#eyes?.unobserve(block);
  };

  toEnd(): void {
    this.following = true;
    this.#keep();
  }

  #seen(entries: IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting, boundingClientRect } of entries) {
      const id = idOf(target);
      if (isIntersecting) {
        this.near.add(id);
      } else {
        if (this.near.has(id)) this.#heights.set(id, boundingClientRect.height);
        this.near.delete(id);
      }
    }
  }

  #moved(): void {
    const log = this.#log;
    if (log === undefined) return;
    this.following = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END;
    this.nearTop = log.scrollTop < NEAR_TOP;
    this.#remember(log);
  }

  #remember(log: HTMLElement): void {
    const top = log.getBoundingClientRect().top;
    for (const block of log.querySelectorAll("[data-block]")) {
      const rect = block.getBoundingClientRect();
      if (rect.bottom <= top) continue;
      this.#anchor = { block, at: rect.top - top };
      return;
    }
  }

  /** Something has another height: before it is painted everything is put back to where it was. */
  #keep(): void {
    const log = this.#log;
    if (log === undefined) return;
    if (this.following) log.scrollTop = log.scrollHeight;
    else if (this.#anchor?.block.isConnected) {
      const at = this.#anchor.block.getBoundingClientRect().top - log.getBoundingClientRect().top;
      log.scrollTop += at - this.#anchor.at;
    }
    this.nearTop = log.scrollTop < NEAR_TOP;
  }
}

function idOf(block: Element): number {
  return Number((block as HTMLElement).dataset.block);
}
