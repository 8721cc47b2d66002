import type { Document, DocumentChange } from "./documentStore.ts";
import { fieldAt } from "./fieldPaths.ts";
import { compare, type RangeFilter } from "./readSet.ts";
import { SortedDocuments, type Range } from "./sortedDocuments.ts";

/**
 * A part of an index: all documents that pass the filters.
 * `filters` are equalities on the first fields, then bounds on the next one, as `withIndex` makes them.
 */
export type IndexQuery = { fields: readonly string[]; filters: readonly RangeFilter[] };
export type IndexRange = { index: SortedDocuments; range: Range };

/** Documents by table, and in the order of every index that a query has used. */
export class TableIndexes {
  readonly #tables = new Map<string, Map<string, Document>>();
  readonly #indexes = new Map<string, Map<string, SortedDocuments>>();

  apply(changes: readonly DocumentChange[]): void {
    for (const { id, table, before, after } of changes) {
      const documents = this.#documentsOf(table);
      for (const index of this.#indexes.get(table)?.values() ?? []) index.change(before, after);
      if (after === null) documents.delete(id);
      else documents.set(id, after);
    }
  }

  all(table: string): Iterable<Document> {
    return this.#documentsOf(table).values();
  }

  range(table: string, { fields, filters }: IndexQuery): IndexRange {
    const index = this.#indexOf(table, fields);
    return { index, range: index.range((document) => sideOf(document, filters)) };
  }

  #documentsOf(table: string): Map<string, Document> {
    let documents = this.#tables.get(table);
    if (documents === undefined) this.#tables.set(table, (documents = new Map<string, Document>()));
    return documents;
  }

  #indexOf(table: string, fieldNames: readonly string[]): SortedDocuments {
    let indexes = this.#indexes.get(table);
    if (indexes === undefined)
      this.#indexes.set(table, (indexes = new Map<string, SortedDocuments>()));
    const name = fieldNames.join(",");
    let index = indexes.get(name);
    if (index === undefined) {
      const fields = fieldNames.includes("_id") ? fieldNames : [...fieldNames, "_id"];
      indexes.set(name, (index = new SortedDocuments(fields, this.all(table))));
    }
    return index;
  }
}

/** Before (-1), within (0) or behind (1) the range, in an index whose first fields are the filters'. */
function sideOf(document: Document, filters: readonly RangeFilter[]): number {
  for (const { type, fieldPath, value } of filters) {
    const order = compare(fieldAt(document, fieldPath), value);
    if (order < 0 && (type === "Eq" || type === "Gt" || type === "Gte")) return -1;
    if (order > 0 && (type === "Eq" || type === "Lt" || type === "Lte")) return 1;
    if (order === 0 && type === "Gt") return -1;
    if (order === 0 && type === "Lt") return 1;
  }
  return 0;
}
