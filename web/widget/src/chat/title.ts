/** How many texts stand unread, in front of the title of a tab that nobody looks at. */
export interface Title {
  /** The page's own part of it. */
  plain(): string;
  /** Nought restores it. */
  count(unread: number): void;
}

export function pageTitle(): Title {
  let mark = "";

  function plain(): string {
    const { title } = document;
    return title.startsWith(mark) ? title.slice(mark.length) : title;
  }

  return {
    plain,
    count(unread) {
      const next = unread > 0 ? `(${unread}) ` : "";
      if (next === mark) return;
      document.title = next + plain();
      mark = next;
    },
  };
}
