import { render } from "preact";
import type { PanelHandle, PanelHost } from "../contract.js";
import { keepingFocus } from "./focus.js";
import styles from "./panel.css?inline";
import { Panel } from "./panel.js";

/** Brings the panel to life in the launcher's shadow root. */
export function mount(host: PanelHost): PanelHandle {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(styles);
  host.root.adoptedStyleSheets = [...host.root.adoptedStyleSheets, sheet];
  const place = document.createElement("div");
  host.root.prepend(place);
  const { client } = host.talk;
  let shown = false;
  let due = false;
  let second: ReturnType<typeof setTimeout> | undefined;

  const draw = () => {
    due = false;
    clearTimeout(second);
    // Destroyed in between.
    if (!place.isConnected) return;
    const state = client.state.value;
    const { appearance } = host;
    const panel = <Panel client={client} state={state} appearance={appearance} shown={shown} dismiss={host.dismiss} />;
    keepingFocus(host.root, place, () => render(panel, place));
    const left = client.clock.left(state.conversation?.deadline ?? 0);
    // The countdown is drawn when its second changes, not a second after some other moment.
    if (left > 0) second = setTimeout(draw, left % 1_000 || 1_000);
  };
  const stop = client.state.subscribe(() => {
    // One frame of the hub may change the state several times.
    if (!due) queueMicrotask(draw);
    due = true;
  });
  return {
    show(now, focus) {
      shown = now;
      host.talk.show(now);
      draw();
      if (now && focus) place.querySelector("section")?.focus();
    },
    destroy() {
      stop();
      render(null, place);
      place.remove();
    },
  };
}
