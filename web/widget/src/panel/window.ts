import type { Event } from "../../../client/src/index.js";
import { ring } from "../chat/bell.js";
import type { Memory } from "../chat/memory.js";
import { openSession } from "../chat/session.js";
import { spoken } from "../chat/spoken.js";
import type { Chat, ChatHost } from "../contract.js";
import { badge } from "./badge.js";
import { focusNext, keepingFocus } from "./focus.js";
import { earlier, later, toEnd } from "./log.js";
import shell from "./panel.css?inline";
import { panel } from "./panel.js";
import { type Scene, Ui } from "./scene.js";
import { scrollKeeper } from "./scroll.js";
import talk from "./talk.css?inline";
import { openQuestion, timeline } from "./timeline.js";
import { draw } from "./view.js";

const FRAME_MS = 16;
/** What the visitor does in the window is no business of the page. The launcher keeps the keys. */
const OURS = "beforeinput input paste focusout";

/** The chat and its window, alive in the launcher's shadow root. */
export function openWindow(host: ChatHost, memory: Memory): Chat {
  const { root, theme, appearance, dismiss } = host;
  const place = document.createElement("div");
  const launcher = root.lastElementChild as HTMLElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  // As in the style sheet: there the window covers the page.
  const narrow = matchMedia("(max-width: 480px), (max-height: 420px)");
  const ui = new Ui(soon);
  const scroll = scrollKeeper(
    () => later(scene()),
    () => earlier(scene()),
  );
  let shown = false;
  let due = false;
  let second: ReturnType<typeof setTimeout> | undefined;
  let newest: string | undefined;

  const sheet = new CSSStyleSheet();
  sheet.replaceSync(shell + talk);
  root.adoptedStyleSheets.push(sheet);
  root.prepend(place);
  for (const name of OURS.split(" ")) root.addEventListener(name, (event) => event.stopPropagation());
  launcher.setAttribute("aria-describedby", "unread");
  dark.onchange = soon;
  narrow.onchange = () => {
    soon();
    cover();
  };
  const session = openSession(
    host,
    memory,
    heard,
    () => ui.hush(),
    soon,
    () => scroll.atEnd,
  );
  const { client } = session;
  client.state.subscribe(soon);

  /** However much changes, it is drawn once a frame. */
  function soon(): void {
    if (!due) setTimeout(redraw, FRAME_MS);
    due = true;
  }

  function redraw(): void {
    due = false;
    clearTimeout(second);
    // Destroyed in between.
    if (!place.isConnected) return;
    place.className = theme === "dark" || (theme !== "light" && dark.matches) ? "chat dark" : "chat";
    // What is read may have come into view since.
    session.look();
    const now = scene();
    const last = now.lines.at(-1);
    // One's own words are followed to the end, wherever one was reading.
    if (last?.key !== newest && last?.kind === "said" && last.mine) toEnd(now);
    // What comes below moves nothing above.
    if (!scroll.atEnd) ui.lines += now.lines.length - 1 - now.lines.findLastIndex(({ key }) => key === newest);
    newest = last?.key;
    scroll.hold();
    keepingFocus(root, place, now.asked?.card, () => draw(place, panel(now), badge(session.unread())));
    scroll.settle();
    const left = client.clock.left(now.state.conversation?.deadline ?? 0);
    // The countdown is drawn when its second changes, not a second after some other moment.
    if (left > 0) second = setTimeout(redraw, left % 1_000 || 1_000);
  }

  /** Where the window covers the page, the keyboard is not to stay behind it. */
  function cover(): void {
    if (shown && narrow.matches && !root.activeElement) focusNext(place, "section");
  }

  function scene(): Scene {
    const state = client.state.value;
    return {
      client,
      state,
      live: state.connection.kind === "live",
      shown,
      alone: narrow.matches,
      look: appearance,
      speaker: state.conversation?.assignee?.name ?? appearance.bot_name,
      memory,
      ui,
      scroll,
      asked: openQuestion(state.events),
      lines: timeline(state.events, state.unsent),
      dismiss,
    };
  }

  function heard(events: readonly Event[]): void {
    if (!scroll.atEnd) ui.set({ behind: true });
    const called = events.some((event) => event.by.kind !== "visitor" && spoken(event));
    if (session.watched() || !called || memory.get("sound") === null) return;
    ring(memory, `${host.prefix}bell`, String(events.at(-1)?.at));
  }

  return {
    show(now, focus) {
      const inside = root.activeElement;
      // By itself it covers no page that the visitor may be busy with: the button tells of it. What was there stays.
      if (now && !focus && narrow.matches && !(memory.get("open") && isReloaded())) {
        session.invite();
        dismiss();
        return;
      }
      shown = now;
      memory.set("open", now ? "1" : "0");
      session.show(now);
      redraw();
      if (now && focus) focusNext(place);
      cover();
      // The keyboard goes back to where it came from.
      if (!now && inside) launcher.focus();
    },
    identify: (identity) => client.identify(identity),
    destroy() {
      place.remove();
      session.destroy();
    },
  };
}

function isReloaded(): boolean {
  const [entry] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  return entry?.type === "reload";
}
