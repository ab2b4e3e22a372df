import { words } from "../words.js";
import { day, time } from "./formats.js";
import { complaint, face } from "./header.js";
import { ICONS, icon } from "./icon.js";
import { plain, rich } from "./rich.js";
import { MOST, PAGE, type Scene } from "./scene.js";
import { type Line, newDay, type Said } from "./timeline.js";
import { type Child, type Drawing, h } from "./view.js";

/** What was said, from the newest as far back as the visitor wants to see. */
export function log(scene: Scene): Drawing {
  const { state, ui, lines } = scene;
  const first = Math.max(0, lines.length - ui.lines);
  const latest = lines.findLast((line) => line.kind === "said" && line.fate === "sent");
  return (
    <div class="middle">
      <div
        class="scroll"
        role="log"
        aria-label={words.log}
        aria-live={ui.quiet ? "off" : "polite"}
        aria-relevant="additions"
        tabindex={0}
      >
        {(first > 0 || !state.complete) && (
          <button class="link" onClick={() => earlier(scene)}>
            {words.earlier}
          </button>
        )}
        {complaint(scene, "older")}
        {lines.slice(first, first + MOST).map((line, at) => [
          newDay(line, lines[first + at - 1]) && (
            <p key={`day${line.key}`} class="soft row">
              {day(line.at)}
            </p>
          ),
          line.kind === "said" ? (
            said(scene, line, line === latest, lines[first + at + 1])
          ) : (
            <p key={line.key} class="line soft row" dir="auto">
              {line.face && face(line.face.name, line.face.avatar)}
              {line.text}
            </p>
          ),
        ])}
      </div>
      {ui.behind && (
        <button class="latest row" onClick={() => toEnd(scene)}>
          {words.latest}
          {icon(ICONS.down)}
        </button>
      )}
    </div>
  );
}

/** More of what is here, else of what the hub has. */
export function earlier({ client, state, ui, lines }: Scene): void {
  ui.attempt("older", async () => {
    if (ui.lines >= lines.length && !state.complete) await client.older();
    ui.hush();
    ui.set({ lines: Math.min(ui.lines, lines.length) + PAGE });
  });
}

/** Answers whether there is nothing later. */
export function later({ ui, scroll }: Scene): boolean {
  if (ui.lines > MOST) ui.set({ lines: ui.lines - PAGE });
  else if (!scroll.atEnd) ui.set({ behind: false, lines: PAGE });
  return ui.lines <= MOST;
}

export function toEnd({ ui, scroll }: Scene): void {
  scroll.atEnd = true;
  ui.set({ behind: false, lines: PAGE });
}

function said(scene: Scene, line: Said, latest: boolean, next: Line | undefined): Drawing {
  const { look } = scene;
  const { mine, onward, text } = line;
  return (
    <div key={line.key} class={`line said${mine ? " mine" : ""}${onward ? " onward" : ""}`}>
      {!onward && <p class={mine ? "quiet" : "soft"}>{mine ? words.you : (line.name ?? look.bot_name)}</p>}
      <div class="bubble" dir="auto">
        {line.rich ? rich(line.rich) : plain(text)}
      </div>
      {!(next?.kind === "said" && next.onward && line.fate !== "failed") && fate(scene, line, latest)}
    </div>
  );
}

/** When it was said, and what became of a text of one's own. */
function fate({ client, state }: Scene, { key, at, fate, seq = 0 }: Said, latest: boolean): Child {
  if (fate === "failed") {
    return (
      <p class="soft bad">
        {words.notSent}
        <button class="link" onClick={() => client.retry(key)}>
          {words.tryAgain}
        </button>
        <button class="link" onClick={() => client.discard(key)}>
          {words.remove}
        </button>
      </p>
    );
  }
  const read = state.conversation?.seen.agent.read ?? 0;
  const how = fate === "sending" ? words.sending : latest && (read >= seq ? words.seen : words.sent);
  return (
    <p class="soft fate">
      {time(at)}
      {how && ` · ${how}`}
    </p>
  );
}
