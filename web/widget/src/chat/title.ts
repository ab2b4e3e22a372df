/** How many texts stand unread, in front of the title of a tab that nobody looks at. */
export class Title {
  #mark = "";

  /** The page's own part of it. */
  get plain(): string {
    const { title } = document;
    return title.startsWith(this.#mark) ? title.slice(this.#mark.length) : title;
  }

  /** Nought restores it. */
  count(unread: number): void {
    const mark = unread > 0 ? `(${unread}) ` : "";
    if (mark === this.#mark) return;
    document.title = mark + this.plain;
    this.#mark = mark;
  }
}
