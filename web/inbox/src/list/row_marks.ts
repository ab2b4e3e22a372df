import { type Folder, isUnassigned, type Summary } from "../../../client/src/index.js";
import { momentTime, waited } from "../time.js";
import { t } from "../words/words.js";

/** A short word about the state of a row. `tone` decides its colour, never its meaning. */
export interface Mark {
  text: string;
  tone: "wait" | "alert" | "good" | "quiet";
}

/** The visitor's name, or a name that tells one nameless visitor from another. */
export function visitorName(visitor: Summary["visitor"]): string {
  return visitor.name || t("visitor.nameless", { id: visitor.id.slice(-4) });
}

/** What the row says about its state; `now` is the hub's. */
export function marks(row: Summary, now: number): Mark[] {
  switch (row.state) {
    case "waiting":
      return [{ text: waitText(row, now), tone: "wait" }, ...gone(row)];
    case "offline":
      return [missed(), row.visitor.connected ? { text: t("row.rescue"), tone: "good" } : left(), ...since(row, now)];
    case "unassigned":
      return [
        { text: t("row.handed_back"), tone: "wait" },
        ...(row.missed ? [missed()] : []),
        ...gone(row),
        ...since(row, now),
      ];
    case "assigned":
      return [...(row.missed ? [missed()] : []), ...gone(row)];
    case "closed":
      return row.closed_at === null
        ? []
        : [{ text: t("row.closed", { time: momentTime(row.closed_at, now) }), tone: "quiet" }];
    case "bot":
      return [{ text: t("row.bot"), tone: "quiet" }, ...gone(row)];
  }
}

/** The page as a person would name it: its title, else its address without the scheme. */
export function pageName(page: Summary["page"]): string | null {
  if (page === null) return null;
  return page.title?.trim() || page.url.replace(/^https?:\/\//, "");
}

/** The row `step` places from the selected one, for the arrow keys; the first when none is. */
export function neighbour(rows: readonly Summary[], selected: string | null, step: 1 | -1): Summary | undefined {
  const at = rows.findIndex((row) => row.id === selected);
  if (at < 0) return rows[0];
  return rows[Math.min(rows.length - 1, Math.max(0, at + step))];
}

/** The folder in which a row of this state is found. */
export function folderOf(row: Summary, me: string): Folder {
  switch (row.state) {
    case "closed":
      return "closed";
    case "assigned":
      return row.assignee?.id === me ? "mine" : "all";
    default:
      return isUnassigned(row) ? "unassigned" : "all";
  }
}

function left(): Mark {
  return { text: t("row.left"), tone: "quiet" };
}

function missed(): Mark {
  return { text: t("row.missed"), tone: "alert" };
}

function gone(row: Summary): Mark[] {
  return row.visitor.connected ? [] : [left()];
}

function waitText(row: Summary, now: number): string {
  return t("row.waiting", { time: waited(now - (row.waiting_since ?? row.created_at)) });
}

function since(row: Summary, now: number): Mark[] {
  return row.waiting_since === undefined ? [] : [{ text: waited(now - row.waiting_since), tone: "quiet" }];
}
