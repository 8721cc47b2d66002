import { compareValues, type Value } from "convex/values";

import { fieldAt } from "./fieldPaths.ts";
import type { Document, DocumentChange } from "./documentStore.ts";

const FIRST_SURROGATE = 0xd800;

export type RangeFilter = {
  type: "Eq" | "Gt" | "Gte" | "Lt" | "Lte";
  fieldPath: string;
  value: Value | undefined;
};

/** The part of a table that a query looked at: all documents that pass every filter. */
export type ReadRange = { table: string; filters: RangeFilter[] };

/** Everything that a query looked at. A change elsewhere cannot change its answer. */
export type ReadSet = { ids: string[]; ranges: ReadRange[] };

export const NOTHING_READ: ReadSet = { ids: [], ranges: [] };

/** Whether a change could alter the answer of a query that read this. */
export function isAffected(reads: ReadSet, change: DocumentChange): boolean {
  if (reads.ids.includes(change.id)) return true;
  return reads.ranges.some(
    ({ table, filters }) =>
      table === change.table &&
      (isWithin(change.before, filters) || isWithin(change.after, filters)),
  );
}

function isWithin(document: Document | null, filters: RangeFilter[]): boolean {
  return document !== null && filters.every((filter) => passes(document, filter));
}

/** `compareValues`, faster for what indexes compare most: texts, and times. */
export function compare(a: Value | undefined, b: Value | undefined): number {
  if (typeof a === "string" && typeof b === "string") return compareTexts(a, b);
  if (typeof a === "number" && typeof b === "number") {
    if (a < b) return -1;
    if (a > b) return 1;
  }
  return compareValues(a, b);
}

/** In the order of UTF-8, which below the surrogates is that of JavaScript's own texts. */
function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  for (let at = 0; at < a.length && at < b.length; at++) {
    const [unitA, unitB] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (unitA >= FIRST_SURROGATE || unitB >= FIRST_SURROGATE) return compareValues(a, b);
    if (unitA !== unitB) return unitA - unitB;
  }
  return a.length - b.length;
}

export function passes(document: Document, { type, fieldPath, value }: RangeFilter): boolean {
  const field = fieldAt(document, fieldPath);
  // Most texts that are looked for are not the ones that are there: which of them is greater need not be found out.
  if (type === "Eq" && typeof field === "string" && typeof value === "string")
    return field === value;
  const order = compare(field, value);
  switch (type) {
    case "Eq":
      return order === 0;
    case "Gt":
      return order > 0;
    case "Gte":
      return order >= 0;
    case "Lt":
      return order < 0;
    case "Lte":
      return order <= 0;
  }
}
