import type { Details, DetailsPatch } from "../../../client/src/index.js";
import { t, type Word } from "../words/words.js";

/** One field of the panel, by its path in the protocol's `details`. */
export interface Field {
  path: string;
  label: Word;
  kind: "text" | "amount" | "currency" | "date" | "email" | "tel" | "long";
}

export interface FieldGroup {
  title: Word;
  fields: Field[];
}

export const GROUPS: FieldGroup[] = [
  {
    title: "group.deal",
    fields: [
      { path: "deal.value", label: "field.deal.value", kind: "amount" },
      { path: "deal.currency", label: "field.deal.currency", kind: "currency" },
      { path: "deal.expected_close_date", label: "field.deal.expected_close_date", kind: "date" },
    ],
  },
  {
    title: "group.person",
    fields: [
      { path: "person.name", label: "field.person.name", kind: "text" },
      { path: "person.email", label: "field.person.email", kind: "email" },
      { path: "person.phone", label: "field.person.phone", kind: "tel" },
    ],
  },
  {
    title: "group.organization",
    fields: [
      { path: "organization.name", label: "field.organization.name", kind: "text" },
      { path: "organization.address", label: "field.organization.address", kind: "text" },
    ],
  },
  { title: "group.note", fields: [{ path: "note", label: "field.note", kind: "long" }] },
];

const NAMES: Record<string, Word> = {
  deal: "in.deal",
  person: "in.person",
  organization: "in.organization",
  "deal.value": "in.deal.value",
  "deal.currency": "in.deal.currency",
  "deal.expected_close_date": "in.deal.expected_close_date",
  "person.name": "in.person.name",
  "person.email": "in.person.email",
  "person.phone": "in.person.phone",
  "organization.name": "in.organization.name",
  "organization.address": "in.organization.address",
  note: "in.note",
};

/** A field's name within a sentence. */
export function fieldName(path: string): string {
  const word = NAMES[path];
  return word === undefined ? path : t(word);
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
    return amount === null ? { error: t("field.amount") } : { changes: nest(field.path, amount) };
  }
  return { changes: nest(field.path, field.kind === "currency" ? trimmed.toUpperCase() : trimmed) };
}

/** What is wrong with a text that the hub would not have in this field. Its own words name paths, in English. */
export function badWords({ kind }: Field): string {
  switch (kind) {
    case "amount":
      return t("field.amount");
    case "currency":
    case "email":
      return t(`field.bad.${kind}`);
    case "tel":
      return t("field.bad.phone");
    default:
      return t("field.bad.other");
  }
}

/**
 * "1200", "1,200.50", "1.200,50" and "1 200" are all amounts: a mark before one or two last digits is the decimal one.
 * Groups have one kind of mark, and the decimal one is another: what could be read in two ways is refused.
 */
function amountOf(text: string): number | null {
  const compact = text.replace(/[\s'’]/g, "");
  const match = /^(\d+|[1-9]\d{0,2}(?:,\d{3})+(?!,)|[1-9]\d{0,2}(?:\.\d{3})+(?!\.))(?:[.,](\d{1,2}))?$/.exec(compact);
  if (match === null) return null;
  const amount = Number(`${match[1]?.replace(/[.,]/g, "")}.${match[2] ?? "0"}`);
  return Number.isFinite(amount) ? amount : null;
}

function nest(path: string, value: string | number | null): DetailsPatch {
  const [group, field] = path.split(".");
  if (field === undefined) return { [path]: value };
  return { [group as string]: { [field]: value } };
}
