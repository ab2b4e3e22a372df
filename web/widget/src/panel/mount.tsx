import { render } from "preact";
import type { PanelHandle, PanelHost } from "../contract.js";
import styles from "./panel.css?inline";
import { Panel } from "./panel.js";
import { Session } from "./session.js";

/** Brings the panel to life in the launcher's shadow root. */
export function mount(host: PanelHost): PanelHandle {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(styles);
  host.root.adoptedStyleSheets = [...host.root.adoptedStyleSheets, sheet];
  const place = document.createElement("div");
  host.root.prepend(place);
  const session = new Session(host);
  const { client } = session;
  let shown = false;
  let due = false;

  const draw = () => {
    due = false;
    // Destroyed in between.
    if (!place.isConnected) return;
    const { appearance } = host.settings;
    render(
      <Panel client={client} state={client.state.value} appearance={appearance} shown={shown} dismiss={host.dismiss} />,
      place,
    );
  };
  const show = (show: boolean) => {
    shown = show;
    session.show(show);
    draw();
  };
  const stop = client.state.subscribe(() => {
    // One frame of the hub may change the state several times.
    if (!due) queueMicrotask(draw);
    due = true;
  });
  return {
    show() {
      show(true);
      place.querySelector("section")?.focus();
    },
    hide: () => show(false),
    identify: (identity) => client.identify(identity),
    destroy() {
      stop();
      session.destroy();
      render(null, place);
      place.remove();
    },
  };
}
