import { applyAtDesk } from "./desk_fold.js";
import type { Event, Folder, Summary } from "./generated.js";

/** How many removed rows are remembered, so that an older `upsert` does not bring one back. */
const REMEMBERED = 1_000;

/**
 * The inbox's rows. Each carries its own position: an older upsert or removal changes nothing, of equal ones the
 * latest counts. Folders are views of the rows, so that none can drift from another.
 */
export class InboxRows {
  readonly #rows = new Map<string, Summary>();
  readonly #removed = new Map<string, number>();

  /** A fresh sign-in: these rows and no others. */
  reset(summaries: Iterable<Summary>): void {
    this.#rows.clear();
    this.#removed.clear();
    for (const summary of summaries) this.#rows.set(summary.id, summary);
  }

  get(id: string): Summary | undefined {
    return this.#rows.get(id);
  }

  upsert(summary: Summary): boolean {
    if (summary.seq < this.#seqOf(summary.id)) return false;
    this.#removed.delete(summary.id);
    this.#rows.set(summary.id, summary);
    return true;
  }

  remove(id: string, seq: number): boolean {
    if (seq < this.#seqOf(id)) return false;
    this.#rows.delete(id);
    this.#removed.delete(id);
    this.#removed.set(id, seq);
    for (const oldest of this.#removed.keys()) {
      if (this.#removed.size <= REMEMBERED) break;
      this.#removed.delete(oldest);
    }
    return true;
  }

  /** Events that arrive on this connection: texts in followed conversations bring no upsert. */
  fold(id: string, events: readonly Event[]): boolean {
    const before = this.#rows.get(id);
    if (before === undefined) return false;
    let row = before;
    for (const event of events) {
      if (event.seq <= row.seq) continue;
      const asked = event.type === "message" && event.by.kind === "visitor";
      const unread = asked ? { unread: (row.unread ?? 0) + 1 } : {};
      row = { ...applyAtDesk(row, event), ...unread };
    }
    if (row === before) return false;
    this.#rows.set(id, row);
    return true;
  }

  patch(id: string, change: (row: Summary) => Partial<Summary>): boolean {
    const row = this.#rows.get(id);
    if (row === undefined) return false;
    this.#rows.set(id, { ...row, ...change(row) });
    return true;
  }

  /** Unassigned: longest waiting first; the others: newest first. `me` is the agent's own id. */
  folder(folder: Folder, me: string): Summary[] {
    const rows = [...this.#rows.values()].filter((row) => belongs(row, folder, me));
    if (folder === "unassigned") return rows.sort((one, other) => waitsSince(one) - waitsSince(other));
    return rows.sort((one, other) => newest(other, folder) - newest(one, folder));
  }

  #seqOf(id: string): number {
    return this.#rows.get(id)?.seq ?? this.#removed.get(id) ?? 0;
  }
}

/**
 * Whether it waits for an agent. A visitor who reached the Live Chat card while the playbook was inactive or not
 * installed waits for nobody: only admins see that chat, among all.
 */
export function isUnassigned({ state, waiting_since }: Summary): boolean {
  return state === "waiting" || state === "unassigned" || (state === "offline" && waiting_since !== undefined);
}

function belongs(row: Summary, folder: Folder, me: string): boolean {
  switch (folder) {
    case "unassigned":
      return isUnassigned(row);
    case "mine":
      return row.state === "assigned" && row.assignee?.id === me;
    case "closed":
      return row.state === "closed";
    case "all":
      return true;
  }
}

function waitsSince(row: Summary): number {
  return row.waiting_since ?? row.created_at;
}

function newest(row: Summary, folder: Folder): number {
  if (folder === "closed") return row.closed_at ?? 0;
  return row.last_at ?? row.created_at;
}
