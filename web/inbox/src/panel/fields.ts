import type { Details, DetailsPatch } from "../../../client/src/index.js";

/** One field of the panel, by its path in the protocol's `details`. */
export interface Field {
  path: string;
  label: string;
  kind: "text" | "amount" | "currency" | "date" | "email" | "tel" | "long";
}

export interface FieldGroup {
  title: string;
  fields: Field[];
}

export const GROUPS: FieldGroup[] = [
  {
    title: "Deal",
    fields: [
      { path: "deal.value", label: "Deal value", kind: "amount" },
      { path: "deal.currency", label: "Currency", kind: "currency" },
      { path: "deal.expected_close_date", label: "Expected close date", kind: "date" },
    ],
  },
  {
    title: "Person",
    fields: [
      { path: "person.name", label: "Person name", kind: "text" },
      { path: "person.email", label: "E-mail", kind: "email" },
      { path: "person.phone", label: "Phone", kind: "tel" },
    ],
  },
  {
    title: "Organisation",
    fields: [
      { path: "organization.name", label: "Organisation name", kind: "text" },
      { path: "organization.address", label: "Address", kind: "text" },
    ],
  },
  { title: "Note", fields: [{ path: "note", label: "Note", kind: "long" }] },
];

const NAMES: Record<string, string> = {
  deal: "the deal",
  person: "the person",
  organization: "the organisation",
  "deal.value": "the deal value",
  "deal.currency": "the currency",
  "deal.expected_close_date": "the expected close date",
  "person.name": "the name",
  "person.email": "the e-mail address",
  "person.phone": "the phone number",
  "organization.name": "the organisation",
  "organization.address": "the address",
  note: "the note",
};

/** A field's name within a sentence. */
export function fieldName(path: string): string {
  return NAMES[path] ?? path;
}

/** The paths that a `details` names. */
export function pathsOf(details: DetailsPatch): string[] {
  return Object.entries(details).flatMap(([name, value]) => {
    const nested = typeof value === "object" && value !== null && !Array.isArray(value);
    return nested ? Object.keys(value).map((field) => `${name}.${field}`) : [name];
  });
}

/** What stands in a field, as text; empty when there is nothing. */
export function shown(details: Details | undefined, path: string): string {
  let value: unknown = details;
  for (const step of path.split(".")) {
    value = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[step] : undefined;
  }
  return value === undefined || value === null ? "" : String(value);
}

/** Whether it came from the visitor and nobody has looked at it yet. */
export function isClaimed(details: Details | undefined, path: string): boolean {
  return details?.claimed?.includes(path) ?? false;
}

export type Entry = { changes: DetailsPatch } | { error: string };

/** What a text left in a field asks the hub to store. An empty one clears the field. */
export function entered(field: Field, text: string): Entry {
  const trimmed = field.kind === "long" ? text.trimEnd() : text.trim();
  if (trimmed === "") return { changes: nest(field.path, null) };
  if (field.kind === "amount") {
    const amount = amountOf(trimmed);
    return amount === null ? { error: "Please enter a number, 0 or more." } : { changes: nest(field.path, amount) };
  }
  return { changes: nest(field.path, field.kind === "currency" ? trimmed.toUpperCase() : trimmed) };
}

/** "1200", "1,200.50", "1.200,50" and "1 200" are all amounts: a mark before one or two last digits is the decimal one. */
function amountOf(text: string): number | null {
  const compact = text.replace(/[\s'’]/g, "");
  const match = /^([1-9]\d{0,2}(?:[.,]\d{3})+|\d+)(?:[.,](\d{1,2}))?$/.exec(compact);
  if (match === null) return null;
  const amount = Number(`${match[1]?.replace(/[.,]/g, "")}.${match[2] ?? "0"}`);
  return Number.isFinite(amount) ? amount : null;
}

function nest(path: string, value: string | number | null): DetailsPatch {
  const [group, field] = path.split(".");
  if (field === undefined) return { [path]: value };
  return { [group as string]: { [field]: value } };
}
