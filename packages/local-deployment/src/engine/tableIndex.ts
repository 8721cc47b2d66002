import type { Document, DocumentChange } from "../documents/documentStore.ts";
import { fieldAt } from "../documents/fieldPaths.ts";
import { compare, type RangeFilter } from "../documents/readSet.ts";

type SortedIndex = { fields: string[]; documents: Document[] };
/** The part of an index from one place to another. */
export type IndexRange = {
  fields: string[];
  documents: readonly Document[];
  from: number;
  to: number;
};
export type Order = "asc" | "desc";

/** The committed documents by table, and in the order of every index that a query has used. */
export class TableIndexes {
  readonly #tables = new Map<string, Map<string, Document>>();
  readonly #indexes = new Map<string, Map<string, SortedIndex>>();

  apply(changes: readonly DocumentChange[]): void {
    for (const { id, table, before, after } of changes) {
      const documents = this.#documentsOf(table);
      for (const index of this.#indexes.get(table)?.values() ?? []) {
        if (before !== null && after !== null && isAtSamePlace(index, before, after))
          replaceIn(index, before, after);
        else {
          if (before !== null) removeFrom(index, before);
          if (after !== null) insertInto(index, after);
        }
      }
      if (after === null) documents.delete(id);
      else documents.set(id, after);
    }
  }

  all(table: string): Iterable<Document> {
    return this.#documentsOf(table).values();
  }

  /**
   * The documents that pass all filters, in ascending order of the fields.
   *
   * @param query.filters equalities on the first fields, then bounds on the next one, as `withIndex` makes them.
   */
  range(table: string, query: { fields: string[]; filters: RangeFilter[] }): IndexRange {
    const { documents, fields } = this.#indexOf(table, query.fields);
    const place = (document: Document) => placeOf(document, query.filters);
    const from = firstWhere(documents, (document) => place(document) >= 0);
    const to = firstWhere(documents, (document) => place(document) > 0);
    return { fields, documents, from, to };
  }

  #documentsOf(table: string): Map<string, Document> {
    let documents = this.#tables.get(table);
    if (documents === undefined) this.#tables.set(table, (documents = new Map<string, Document>()));
    return documents;
  }

  #indexOf(table: string, fieldNames: string[]): SortedIndex {
    let indexes = this.#indexes.get(table);
    if (indexes === undefined) this.#indexes.set(table, (indexes = new Map<string, SortedIndex>()));
    const name = fieldNames.join(",");
    let index = indexes.get(name);
    if (index === undefined) {
      const fields = fieldNames.includes("_id") ? fieldNames : [...fieldNames, "_id"];
      const documents = [...this.all(table)].sort((a, b) => compareBy(fields, a, b));
      indexes.set(name, (index = { fields, documents }));
    }
    return index;
  }
}

/** The documents of a part of an index. They are taken as it goes on. */
export function* inOrder({ documents, from, to }: IndexRange, order: Order): Generator<Document> {
  const [start, step] = order === "desc" ? [to - 1, -1] : [from, 1];
  for (let at = start; at >= from && at < to; at += step) {
    const document = documents[at];
    if (document !== undefined) yield document;
  }
}

/** Before (-1), within (0) or after (1) the range, in an index whose first fields are the filters'. */
function placeOf(document: Document, filters: RangeFilter[]): number {
  for (const { type, fieldPath, value } of filters) {
    const order = compare(fieldAt(document, fieldPath), value);
    if (order < 0 && (type === "Eq" || type === "Gt" || type === "Gte")) return -1;
    if (order > 0 && (type === "Eq" || type === "Lt" || type === "Lte")) return 1;
    if (order === 0 && type === "Gt") return -1;
    if (order === 0 && type === "Lt") return 1;
  }
  return 0;
}

export function compareBy(fields: string[], a: Document, b: Document): number {
  for (const field of fields) {
    const order = compare(fieldAt(a, field), fieldAt(b, field));
    if (order !== 0) return order;
  }
  return 0;
}

function isAtSamePlace({ fields }: SortedIndex, before: Document, after: Document): boolean {
  return fields.every((field) => fieldAt(before, field) === fieldAt(after, field));
}

function replaceIn(index: SortedIndex, before: Document, after: Document): void {
  const { fields, documents } = index;
  const at = firstWhere(documents, (other) => compareBy(fields, other, before) >= 0);
  if (documents[at]?._id === before._id) documents[at] = after;
}

function insertInto(index: SortedIndex, document: Document): void {
  const { fields, documents } = index;
  const at = firstWhere(documents, (other) => compareBy(fields, other, document) >= 0);
  documents.splice(at, 0, document);
}

function removeFrom(index: SortedIndex, document: Document): void {
  const { fields, documents } = index;
  const at = firstWhere(documents, (other) => compareBy(fields, other, document) >= 0);
  if (documents[at]?._id === document._id) documents.splice(at, 1);
}

/** The first index from which the condition holds; it must hold for all later ones, too. */
function firstWhere(documents: Document[], holds: (document: Document) => boolean): number {
  let low = 0;
  let high = documents.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const document = documents[middle];
    if (document !== undefined && holds(document)) high = middle;
    else low = middle + 1;
  }
  return low;
}
