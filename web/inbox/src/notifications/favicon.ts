import icon from "../icon.svg";

/** The tab's icon, with a dot while something waits. */
export function favicon(dotted: boolean): void {
  const link = document.querySelector<HTMLLinkElement>("link[rel=icon]");
  if (link === null) return;
  if (!dotted) {
    link.href = icon;
    link.removeAttribute("data-dotted");
    return;
  }
  link.href = withDot();
  link.setAttribute("data-dotted", "");
}

/** As text: a canvas would need the picture to have loaded first. */
function withDot(): string {
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#3b5bdb"/>' +
    '<path d="M8 9v8a8 8 0 0 0 16 0V9" fill="none" stroke="#fff" stroke-width="4" stroke-linecap="round"/>' +
    '<circle cx="25" cy="7" r="7" fill="#e03131"/></svg>';
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
