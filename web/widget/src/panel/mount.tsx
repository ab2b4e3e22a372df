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
  const draw = (shown: boolean) =>
    render(
      <Panel client={session.client} appearance={host.settings.appearance} shown={shown} dismiss={host.dismiss} />,
      place,
    );
  const show = (shown: boolean) => {
    session.show(shown);
    draw(shown);
  };
  draw(false);
  return {
    show: () => show(true),
    hide: () => show(false),
    identify: (identity) => session.client.identify(identity),
    destroy() {
      session.destroy();
      render(null, place);
      place.remove();
    },
  };
}
