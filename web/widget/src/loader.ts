/**
 * The script a site embeds: `<script async src="https://HUB/widget.js" data-playbook="pb_demo"></script>`. It asks
 * for the playbook's looks and shows a button. The panel, the socket and the storage come with the first interaction.
 */
import { answerCalls, taken } from "./calls.js";
import { Widget } from "./widget.js";

const script = document.currentScript ?? document.querySelector("script[data-playbook]");

if (script instanceof HTMLScriptElement && script.dataset.playbook && !taken()) {
  const widget = new Widget(script, script.dataset.playbook);
  answerCalls(widget.verbs());
  if (script.dataset.start !== "manual") widget.start();
}
