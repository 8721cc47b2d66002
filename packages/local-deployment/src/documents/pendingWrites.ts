import type { Document } from "./documentStore.ts";
import { compareBy, type Order } from "./sortedDocuments.ts";
import { TableIndexes, type IndexQuery, type IndexRange } from "./tableIndex.ts";

const TABLE = "";

/** What the running transaction has written to one table, in the same indexes as what is committed. */
export class PendingWrites {
  readonly #newest = new Map<string, Document | null>();
  readonly #indexes = new TableIndexes();

  /** @param after null if the document was deleted. */
  add(id: string, after: Document | null): void {
    this.#indexes.apply([{ id, table: TABLE, before: this.#newest.get(id) ?? null, after }]);
    this.#newest.set(id, after);
  }

  /** Whether what is committed of a document is no longer what the transaction sees. */
  has(id: string): boolean {
    return this.#newest.has(id);
  }

  /** The documents that were written and are still there. */
  all(): Iterable<Document> {
    return this.#indexes.all(TABLE);
  }

  /** The documents of a part of an index as the transaction sees them. */
  over(committed: IndexRange, query: IndexQuery, order: Order): Generator<Document> {
    if (this.#newest.size === 0) return inOrder(committed, order);
    return this.#merge(committed, this.#indexes.range(TABLE, query), order);
  }

  *#merge(committed: IndexRange, written: IndexRange, order: Order): Generator<Document> {
    const { fields } = committed.index;
    const direction = order === "desc" ? -1 : 1;
    const own = inOrder(written, order);
    let next = own.next();
    for (const document of inOrder(committed, order)) {
      if (this.has(document._id)) continue;
      while (next.done !== true && compareBy(fields, next.value, document) * direction < 0) {
        yield next.value;
        next = own.next();
      }
      yield document;
    }
    for (; next.done !== true; next = own.next()) yield next.value;
  }
}

function inOrder({ index, range }: IndexRange, order: Order): Generator<Document> {
  return index.inOrder(range, order);
}
