import { compareValues, type Value } from "convex/values";

import { fieldAt } from "./fieldPaths.ts";
import type { Document, DocumentChange } from "./documentStore.ts";

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

export function passes(document: Document, { type, fieldPath, value }: RangeFilter): boolean {
  const order = compareValues(fieldAt(document, fieldPath), value);
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
