import type { Value } from "convex/values";

import { tableOfId } from "./ids.ts";

export type Document = { _id: string; _creationTime: number } & Record<string, Value | undefined>;

export type DocumentChange = {
  id: string;
  table: string;
  before: Document | null;
  after: Document | null;
};

/** What is counted besides the documents. */
export type Counters = { nextDocId: number; lastCreationTime: number };

/** All that a new engine worker needs to go on where another ended. */
export type Snapshot = { documents: Document[]; counters: Counters; ts: bigint };

export type Commit = { ts: bigint; changes: DocumentChange[] };

/**
 * The committed documents. They live here and not in the engine's worker, so that a function which has to be stopped
 * with its worker takes nothing with it.
 */
export class DocumentStore {
  readonly #tables = new Map<string, Map<string, Document>>();
  #counters: Counters = { nextDocId: 10_000, lastCreationTime: 0 };
  // Clients refuse a deployment whose timestamps go backwards, also across a restart: begin at the wall clock.
  #ts = BigInt(Date.now()) * 1_000_000n;

  /** The newest timestamp that anyone has seen, in nanoseconds. */
  get ts(): bigint {
    return this.#ts;
  }

  /** Records that the engine has answered as of a timestamp. */
  sawTimestamp(ts: bigint): void {
    if (ts > this.#ts) this.#ts = ts;
  }

  apply(commit: Commit, counters: Counters): void {
    this.#counters = counters;
    this.sawTimestamp(commit.ts);
    for (const { id, table, after } of commit.changes) {
      if (after === null) this.#tables.get(table)?.delete(id);
      else this.#documentsOf(table).set(id, after);
    }
  }

  get(id: string): Document | null {
    return this.#tables.get(tableOfId(id) ?? "")?.get(id) ?? null;
  }

  /** The documents of a table, oldest first. */
  list(table: string): Document[] {
    return [...(this.#tables.get(table)?.values() ?? [])].sort(
      (a, b) => a._creationTime - b._creationTime,
    );
  }

  count(table: string): number {
    return this.#tables.get(table)?.size ?? 0;
  }

  /** The names of the tables that hold documents. */
  tableNames(): string[] {
    return [...this.#tables].filter(([, documents]) => documents.size > 0).map(([name]) => name);
  }

  snapshot(): Snapshot {
    const documents = [...this.#tables.values()].flatMap((table) => [...table.values()]);
    return { documents, counters: this.#counters, ts: this.#ts };
  }

  #documentsOf(table: string): Map<string, Document> {
    let documents = this.#tables.get(table);
    if (documents === undefined) this.#tables.set(table, (documents = new Map<string, Document>()));
    return documents;
  }
}
