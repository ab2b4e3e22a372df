import type { Event } from "../../../client/src/index.js";
import { pathsOf } from "./fields.js";

/** Who else changed a field last, and when. */
export interface Change {
  name: string;
  at: number;
}

/** The last change of each field, by its path, where another agent made it. */
export function changesOf(events: readonly Event[], me: string): Map<string, Change> {
  const changes = new Map<string, Change>();
  for (const event of events) {
    if (event.type !== "details") continue;
    for (const path of pathsOf(event.changes)) {
      if (event.by.kind === "agent" && event.by.id !== me) changes.set(path, { name: event.by.name, at: event.at });
      else changes.delete(path);
    }
  }
  return changes;
}
