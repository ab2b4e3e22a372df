import { applyEvent } from "./fold.js";
import type { Conversation, Details, DetailsPatch, Event, ItemView, Summary } from "./generated.js";

const PREVIEW_CHARS = 120;

/** As {@link applyEvent}, with what agents see besides: the inbox's row and the side panel. */
export function applyAtDesk<C extends Summary>(conversation: C, event: Event): C {
  const after = applyEvent(conversation, event);
  if (after === conversation) return after;
  const changed = { ...after, ...rowChange(conversation, event), ...panelChange(conversation, event) };
  return isErasure(event) ? erased(changed) : changed;
}

/** Whether the hub has erased the visitor: it clears the whole side panel, which it does for nothing else. */
export function isErasure(event: Event): boolean {
  if (event.type !== "details" || event.by.kind !== "system") return false;
  const { deal, person, organization, note } = event.changes;
  return note === null && [deal?.value, person?.name, organization?.name].every((field) => field === null);
}

/** What is left when the hub has erased the visitor. */
function erased<C extends Conversation>(conversation: C): C {
  const { preview: _, ...left } = conversation;
  const visitor = { id: "v_erased", verified: false, connected: conversation.visitor.connected };
  const items = conversation.items?.map(({ item, kind, at }) => ({ item, kind, title: "[erased]", at }));
  return { ...left, visitor, page: null, locale: null, ...(items === undefined ? {} : { items }) } as C;
}

function rowChange(before: Summary, event: Event): Partial<Summary> {
  const row: Partial<Summary> = { last_at: event.at };
  if (event.type === "message" || event.type === "card") row.preview = preview(event.text);
  if (event.type === "answer") row.preview = preview(event.label);
  if (waits(event)) row.waiting_since = before.waiting_since ?? event.at;
  return row;
}

/** Whether it is the agents' business from here on: a card reached while the playbook was not to be seen is not. */
function waits(event: Event): boolean {
  return (
    event.type === "waiting" ||
    event.type === "assigned" ||
    (event.type === "missed" && event.reason !== "not_installed")
  );
}

function panelChange(before: Conversation, event: Event): Partial<Conversation> {
  const { details, items } = before;
  switch (event.type) {
    case "details":
      if (details === undefined) return {};
      return { details: { ...mergeDetails(details, event.changes), claimed: claimed(details, event) } };
    case "item":
      return items === undefined ? {} : { items: mergeItem(items, event) };
    case "item_failed":
      return items === undefined ? {} : { items: fail(items, event.item, event.message) };
    default:
      return {};
  }
}

function preview(text: string): string {
  const flat = [...text.split(/\s+/).filter(Boolean).join(" ")];
  return flat.length > PREVIEW_CHARS ? `${flat.slice(0, PREVIEW_CHARS).join("")}…` : flat.join("");
}

/** What a visitor enters is a claim until an agent has touched the field. */
function claimed(before: Details, event: Extract<Event, { type: "details" }>): string[] {
  const paths = Object.entries(event.changes).flatMap(([name, value]) =>
    isRecord(value) ? Object.keys(value).map((field) => `${name}.${field}`) : [name],
  );
  const others = before.claimed.filter((path) => !paths.includes(path));
  return event.by.kind === "visitor" ? [...others, ...paths].sort() : others;
}

/** Field by field, one level deep; `null` clears. What was claimed stays as it was. */
function mergeDetails(before: Details, changes: DetailsPatch): Details {
  const after: Record<string, unknown> = { ...before };
  for (const [name, value] of Object.entries(changes)) {
    const old = after[name];
    put(after, name, isRecord(value) ? merged(isRecord(old) ? old : {}, value) : value);
  }
  return after as Details;
}

function merged(before: Record<string, unknown>, changes: Record<string, unknown>): Record<string, unknown> {
  const after = { ...before };
  for (const [name, value] of Object.entries(changes)) put(after, name, value);
  return after;
}

function put(record: Record<string, unknown>, name: string, value: unknown): void {
  if (value === null) delete record[name];
  else record[name] = value;
}

/** A second `item` with a known id updates `external` and is no second marker. */
function mergeItem(items: ItemView[], event: Extract<Event, { type: "item" }>): ItemView[] {
  const { item, kind, title, at, external } = event;
  const known = items.find((one) => one.item === item);
  const view: ItemView = known === undefined ? { item, kind, title, at } : { ...known };
  delete view.failed;
  if (external) view.external = external;
  return known === undefined ? [...items, view] : items.map((one) => (one === known ? view : one));
}

function fail(items: ItemView[], item: string, message: string): ItemView[] {
  return items.map((one) => (one.item === item ? { ...one, failed: message } : one));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
