/** Near enough to the end to be carried along by what comes. */
const NEAR_END_PX = 60;
/** Near enough to the beginning to be given what was before. */
const NEAR_TOP_PX = 150;

/** Keeps the log at its end while the visitor reads there, and else in its place, whatever comes above or below. */
export interface Scroll {
  atEnd: boolean;
  attach(panel: HTMLElement): void;
  /** Before a redraw. */
  hold(): void;
  /** After it. */
  settle(): void;
}

/** `nearsEnd` answers whether it is the end of the log, and not only of what is drawn of it. */
export function scrollKeeper(nearsEnd: () => boolean, nearsTop: () => void): Scroll {
  // As in the style sheet: there the window scrolls, and the log in it does not.
  const low = matchMedia("(max-height: 420px)");
  let panel: HTMLElement | undefined;
  let anchor: HTMLElement | undefined;
  let offset = 0;
  /** How far it was scrolled. */
  let before = 0;

  function scroller(): HTMLElement | null | undefined {
    return low.matches ? panel : panel?.querySelector<HTMLElement>(".scroll");
  }

  function scrolled(): void {
    const box = scroller();
    // A hidden box tells nothing.
    if (!box?.clientHeight) return;
    const { scrollTop } = box;
    const end = box.scrollHeight - scrollTop - box.clientHeight < NEAR_END_PX && nearsEnd();
    // Only the visitor scrolls upwards; more room below is not their doing.
    if (end || scrollTop < before) keeper.atEnd = end;
    before = scrollTop;
    if (!keeper.atEnd && scrollTop < NEAR_TOP_PX) nearsTop();
  }

  const keeper: Scroll = {
    atEnd: true,
    attach(made) {
      panel = made;
      // What stands below the log takes more room or less, and a picture takes its own when it has come.
      const sizes = new ResizeObserver(keeper.settle);
      for (const part of [made, ...made.children]) sizes.observe(part);
      made.addEventListener("load", keeper.settle, true);
      made.addEventListener("scroll", scrolled, true);
    },
    hold() {
      const box = scroller();
      if (!box || keeper.atEnd) return;
      const { scrollTop } = box;
      const lines = box.querySelectorAll<HTMLElement>(".line");
      anchor = [...lines].find((line) => line.offsetTop + line.offsetHeight > scrollTop);
      offset = (anchor?.offsetTop ?? 0) - scrollTop;
    },
    settle() {
      const box = scroller();
      if (!box) return;
      if (keeper.atEnd) box.scrollTop = box.scrollHeight;
      else if (anchor?.isConnected) box.scrollTop = anchor.offsetTop - offset;
    },
  };
  return keeper;
}
