/** Near enough to the end to be carried along by what comes. */
const NEAR_END_PX = 60;
/** Near enough to the beginning to be given what was before. */
const NEAR_TOP_PX = 150;

/** Keeps the log at its end while the visitor reads there, and else in its place, whatever comes above or below. */
export interface Scroll {
  atEnd: boolean;
  attach(box: HTMLElement): void;
  /** Before a redraw. */
  hold(): void;
  /** After it. */
  settle(): void;
  scrolled(): void;
}

/** `nearsEnd` answers whether it is the end of the log, and not only of what is drawn of it. */
export function scrollKeeper(nearsEnd: () => boolean, nearsTop: () => void): Scroll {
  let box: HTMLElement | undefined;
  let anchor: HTMLElement | undefined;
  let offset = 0;
  /** How far it was scrolled. */
  let before = 0;

  const keeper: Scroll = {
    atEnd: true,
    attach(log) {
      box = log;
      // What stands below the log takes more room or less, and a picture takes its own when it has come.
      new ResizeObserver(keeper.settle).observe(log);
      log.addEventListener("load", keeper.settle, true);
    },
    hold() {
      if (box === undefined || keeper.atEnd) return;
      const { scrollTop } = box;
      const lines = box.querySelectorAll<HTMLElement>(".line");
      anchor = [...lines].find((line) => line.offsetTop + line.offsetHeight > scrollTop);
      offset = (anchor?.offsetTop ?? 0) - scrollTop;
    },
    settle() {
      if (box === undefined) return;
      if (keeper.atEnd) box.scrollTop = box.scrollHeight;
      else if (anchor?.isConnected) box.scrollTop = anchor.offsetTop - offset;
    },
    scrolled() {
      // A hidden box tells nothing.
      if (!box?.clientHeight) return;
      const { scrollTop } = box;
      const end = box.scrollHeight - scrollTop - box.clientHeight < NEAR_END_PX && nearsEnd();
      // Only the visitor scrolls upwards; more room below is not their doing.
      if (end || scrollTop < before) keeper.atEnd = end;
      before = scrollTop;
      if (!keeper.atEnd && scrollTop < NEAR_TOP_PX) nearsTop();
    },
  };
  return keeper;
}
