import type { Fault } from "../rest/rest.js";
import type { Playbook } from "./playbook.js";

/** What a change has touched, named as the hub names it in a fault. */
export interface Place {
  card: string | null;
  /** Null: the whole card, which came or went. */
  field: string | null;
  /** Something one types, or chooses from a list. */
  typed: boolean;
}

/** Where two states of a playbook differ. */
export function touched(before: Playbook, after: Playbook): Place[] {
  const { cards: old, ...frame } = before;
  const { cards, ...frameNow } = after;
  const places = within(null, "", frame, frameNow);
  for (const id of new Set([...Object.keys(old), ...Object.keys(cards)])) {
    if (id in old && id in cards) places.push(...within(id, "", old[id], cards[id]));
    else places.push({ card: id, field: null, typed: false });
  }
  return places;
}

function within(card: string | null, field: string, was: unknown, is: unknown): Place[] {
  if (Object.is(was, is)) return [];
  const here = (typed: boolean): Place[] => [{ card, field, typed }];
  if (Array.isArray(was) && Array.isArray(is)) {
    // Lines of a text box.
    if ([...was, ...is].every((one) => typeof one === "string"))
      return was.join("\n") === is.join("\n") ? [] : here(true);
    if (was.length !== is.length) return here(false);
    return is.flatMap((one, index) => within(card, `${field}[${index}]`, was[index], one));
  }
  if (isRecord(was) && isRecord(is)) {
    const names = new Set([...Object.keys(was), ...Object.keys(is)]);
    const path = (name: string) => (field === "" ? name : `${field}.${name}`);
    return [...names].flatMap((name) => within(card, path(name), was[name], is[name]));
  }
  return here(typeof is !== "boolean");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The faults that may still hold where this was touched. Whether the others do is for the next save to say. */
export function standing(faults: readonly Fault[], places: readonly Place[]): readonly Fault[] {
  if (places.length === 0) return faults;
  const paths = places.some(
    ({ card, field }) => card !== null && (field === null || field === "options" || WAY.test(field)),
  );
  return faults.filter((fault) => {
    // That there is too much may have been mended anywhere.
    if (fault.field === "cards" || (paths && isOfPaths(fault))) return false;
    return !places.some(({ card, field }) => card === fault.card && (field === null || isIn(field, fault.field)));
  });
}

const WAY = /(^|\.)(next|offline)$/;

/** One card's way on is another one's circle, second Live Chat, or only way there. */
function isOfPaths({ card, field }: Fault): boolean {
  return field === null ? card !== null : field === "start" || WAY.test(field);
}

/** Whether a fault's field is this one or a part of it. */
export function isIn(field: string, of: string | null): boolean {
  return of !== null && (of === field || of.startsWith(`${field}[`) || of.startsWith(`${field}.`));
}
