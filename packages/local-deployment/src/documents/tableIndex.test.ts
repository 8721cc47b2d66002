import fc from "fast-check";
import { compareValues } from "convex/values";
import { expect, it } from "vitest";

import type { Document } from "./documentStore.ts";
import { PendingWrites } from "./pendingWrites.ts";
import { passes, type RangeFilter } from "./readSet.ts";
import type { Order } from "./sortedDocuments.ts";
import { TableIndexes } from "./tableIndex.ts";

const FIELDS = ["a", "b", "_creationTime", "_id"];

const value = fc.constantFrom(undefined, null, 1, 2, 3, 2n, "x", "y", true);
const documents = fc
  .array(fc.record({ a: value, b: value }), { maxLength: 30 })
  .map((all) =>
    all.map((fields, at): Document => ({ _id: `${at}notes`, _creationTime: at % 3, ...fields })),
  );
const filter = (type: RangeFilter["type"], fieldPath: string, v: RangeFilter["value"]) => ({
  type,
  fieldPath,
  value: v,
});
const bound = fc.constantFrom<RangeFilter["type"]>("Gt", "Gte", "Lt", "Lte");
const filters: fc.Arbitrary<RangeFilter[]> = fc.oneof(
  fc.constant<RangeFilter[]>([]),
  fc.tuple(bound, value).map(([type, v]) => [filter(type, "a", v)]),
  fc
    .tuple(value, bound, value)
    .map(([eq, type, v]) => [filter("Eq", "a", eq), filter(type, "b", v)]),
  fc
    .tuple(value, value, value)
    .map(([eq, low, high]) => [
      filter("Eq", "a", eq),
      filter("Gte", "b", low),
      filter("Lt", "b", high),
    ]),
);

function scan(all: Document[], range: RangeFilter[]): string[] {
  return all
    .filter((document) => range.every((filter) => passes(document, filter)))
    .sort((x, y) => {
      for (const field of FIELDS) {
        const order = compareValues(x[field], y[field]);
        if (order !== 0) return order;
      }
      return 0;
    })
    .map(({ _id }) => _id);
}

it("an index finds what a scan finds, in the same order, after any changes and pending writes", () => {
  fc.assert(
    fc.property(
      fc.tuple(documents, documents, documents),
      filters,
      fc.constantFrom<Order>("asc", "desc"),
      ([first, second, pending], range, order) => {
        const indexes = new TableIndexes();
        const stored = new Map<string, Document>();
        const store = (changes: [string, Document | null][]) => {
          indexes.apply(
            changes.map(([id, after]) => ({
              id,
              table: "notes",
              before: stored.get(id) ?? null,
              after,
            })),
          );
          for (const [id, after] of changes)
            if (after === null) stored.delete(id);
            else stored.set(id, after);
        };
        const query = { fields: FIELDS, filters: range };
        store(first.map((document) => [document._id, document]));
        indexes.range("notes", query);
        store(second.map((document, at) => [document._id, at % 4 === 0 ? null : document]));
        const overlay = new Map<string, Document | null>(
          pending.map((document, at) => [document._id, at % 3 === 0 ? null : document]),
        );
        const writes = new PendingWrites();
        for (const [at, [id, document]] of [...overlay].entries()) {
          // Some before and some after the index of the writes is made, and some twice.
          if (at === 3) Array.from(writes.over(indexes.range("notes", query), query, order));
          if (at % 2 === 0) writes.add(id, { _id: id, _creationTime: 0, a: 2 });
          writes.add(id, document);
        }
        const found = [...writes.over(indexes.range("notes", query), query, order)];
        const visible = new Map(stored);
        for (const [id, document] of overlay)
          if (document === null) visible.delete(id);
          else visible.set(id, document);
        const expected = scan([...visible.values()], range);
        expect(found.map(({ _id }) => _id)).toEqual(
          order === "asc" ? expected : expected.toReversed(),
        );
      },
    ),
  );
});
