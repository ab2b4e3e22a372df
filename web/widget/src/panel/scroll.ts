/** Near enough to the end to be carried along by what comes. */
const NEAR_END_PX = 60;
/** Near enough to the beginning to be given what was before. */
const NEAR_TOP_PX = 150;

/** Keeps the log at its end while the visitor reads there, and else in its place, whatever comes above or below. */
export class Scroll {
  readonly #nearsEnd: () => boolean;
  readonly #nearsTop: () => void;
  #box: HTMLElement | undefined;
  #anchor: HTMLElement | undefined;
  #offset = 0;
  /** How far it was scrolled. */
  #top = 0;
  atEnd = true;

  /** `nearsEnd` answers whether it is the end of the log, and not only of what is drawn of it. */
  constructor(nearsEnd: () => boolean, nearsTop: () => void) {
    this.#nearsEnd = nearsEnd;
    this.#nearsTop = nearsTop;
  }

  attach(box: HTMLElement): void {
    this.#box = box;
    // What stands below the log takes more room or less, and a picture takes its own when it has come.
    new ResizeObserver(() => this.settle()).observe(box);
    box.addEventListener("load", () => this.settle(), true);
  }

  /** Before a redraw. */
  hold(): void {
    const box = this.#box;
    if (box === undefined || this.atEnd) return;
    const lines = box.querySelectorAll<HTMLElement>(".line");
    this.#anchor = [...lines].find((line) => line.offsetTop + line.offsetHeight > box.scrollTop);
    this.#offset = (this.#anchor?.offsetTop ?? 0) - box.scrollTop;
  }

  /** After it. */
  settle(): void {
    const box = this.#box;
    if (box === undefined) return;
    if (this.atEnd) box.scrollTop = box.scrollHeight;
    else if (this.#anchor?.isConnected) box.scrollTop = this.#anchor.offsetTop - this.#offset;
  }

  scrolled(): void {
    const box = this.#box;
    // A hidden box tells nothing.
    if (box === undefined || box.clientHeight === 0) return;
    const { scrollTop } = box;
    const end = box.scrollHeight - scrollTop - box.clientHeight < NEAR_END_PX && this.#nearsEnd();
    // Only the visitor scrolls upwards; more room below is not their doing.
    if (end || scrollTop < this.#top) this.atEnd = end;
    this.#top = scrollTop;
    if (!this.atEnd && scrollTop < NEAR_TOP_PX) this.#nearsTop();
  }
}
