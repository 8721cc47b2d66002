import { convexToJson, jsonToConvex, type JSONValue, type Value } from "convex/values";

import type { DataFile, StoredRecord } from "../storage/dataFile.ts";

export type Document = { _id: string; _creationTime: number } & Record<string, Value | undefined>;

export type DocumentChange = {
  id: string;
  /** Qualified, see `componentTables.ts`. */
  table: string;
  before: Document | null;
  after: Document | null;
};

/** What is counted besides the documents. */
export type Counters = { nextDocId: number; lastCreationTime: number };

/** All that a new engine worker needs to go on where another ended. */
export type Snapshot = { tables: [table: string, Document[]][]; counters: Counters; ts: bigint };

export type Commit = { ts: bigint; changes: DocumentChange[] };

/** A commit as the engine tells it: what was there before is here already. */
export type CountedCommit = {
  ts: bigint;
  changes: Omit<DocumentChange, "before">[];
  /** What was counted after it. */
  counters: Counters;
};

const DOCUMENT = "document/";
/** The record of what is true of all documents together. */
const STATE = "documents";

type StoredState = { ts: string; counters: Counters; count: number };
type StoredDocuments = Omit<Snapshot, "tables"> & { documents: [table: string, Document][] };

/**
 * The committed documents. They live here and not in the engine's worker, so that a function which has to be stopped
 * with its worker takes nothing with it.
 */
export class DocumentStore {
  readonly #file: DataFile | null;
  readonly #tables = new Map<string, Map<string, Document>>();
  #counters: Counters = { nextDocId: 10_000, lastCreationTime: 0 };
  // Clients refuse a deployment whose timestamps go backwards, also across a restart: begin at the wall clock.
  #ts = BigInt(Date.now()) * 1_000_000n;

  /**
   * @param file where the documents are kept, or null to keep them in memory only.
   * @param records what the file holds.
   * @throws DataFileError `DATA_DAMAGED`
   */
  constructor(file: DataFile | null = null, records: [key: string, value: string][] = []) {
    this.#file = file;
    const stored = file === null ? null : readDocuments(file, records);
    if (stored === null) return;
    this.#counters = stored.counters;
    this.sawTimestamp(stored.ts);
    for (const [table, document] of stored.documents)
      this.#documentsOf(table).set(document._id, document);
  }

  /** Whether what is applied outlives the process. */
  get isKept(): boolean {
    return this.#file !== null;
  }

  /** The newest timestamp that anyone has seen, in nanoseconds. */
  get ts(): bigint {
    return this.#ts;
  }

  /** Records that the engine has answered as of a timestamp. */
  sawTimestamp(ts: bigint): void {
    if (ts > this.#ts) this.#ts = ts;
  }

  /**
   * Takes over commits, which are durable when it returns.
   *
   * @param others records that are to be durable together with them.
   * @returns the commits with what they replaced.
   * @throws DataFileError: then nothing of it has happened.
   */
  apply(counted: readonly CountedCommit[], others: readonly StoredRecord[] = []): Commit[] {
    const commits = this.#withBefore(counted);
    const counters = counted.at(-1)?.counters ?? this.#counters;
    if (this.#file !== null)
      this.#file.write([...recordsOf(commits, counters, this.#countAll()), ...others]);
    this.#counters = counters;
    for (const { ts, changes } of commits) {
      this.sawTimestamp(ts);
      for (const { id, table, after } of changes) {
        if (after === null) this.#tables.get(table)?.delete(id);
        else this.#documentsOf(table).set(id, after);
      }
    }
    return commits;
  }

  get(table: string, id: string): Document | null {
    return this.#tables.get(table)?.get(id) ?? null;
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
    const tables = [...this.#tables].map(([name, table]): [string, Document[]] => [
      name,
      [...table.values()],
    ]);
    return { tables, counters: this.#counters, ts: this.#ts };
  }

  #withBefore(commits: readonly CountedCommit[]): Commit[] {
    const newest = new Map<string, Document | null>();
    return commits.map(({ ts, changes }) => ({
      ts,
      changes: changes.map(({ id, table, after }) => {
        const earlier = newest.get(id);
        const before = earlier === undefined ? (this.#tables.get(table)?.get(id) ?? null) : earlier;
        newest.set(id, after);
        return { id, table, before, after };
      }),
    }));
  }

  #countAll(): number {
    return [...this.#tables.values()].reduce((sum, { size }) => sum + size, 0);
  }

  #documentsOf(table: string): Map<string, Document> {
    let documents = this.#tables.get(table);
    if (documents === undefined) this.#tables.set(table, (documents = new Map<string, Document>()));
    return documents;
  }
}

/**
 * The records that commits change.
 *
 * @param count how many documents there were before them.
 */
function recordsOf(commits: readonly Commit[], counters: Counters, count: number): StoredRecord[] {
  const records: StoredRecord[] = [];
  for (const { changes } of commits)
    for (const { id, table, before, after } of changes) {
      count += Number(after !== null) - Number(before !== null);
      records.push([`${DOCUMENT}${table}/${id}`, after === null ? null : encode(after)]);
    }
  const last = commits.at(-1);
  if (last === undefined) return records;
  const state: StoredState = { ts: String(last.ts), counters, count };
  return [...records, [STATE, JSON.stringify(state)]];
}

/**
 * The documents that are among the records, or null if there has been no commit.
 *
 * @throws DataFileError `DATA_DAMAGED` if one of them is missing.
 */
function readDocuments(
  file: DataFile,
  records: readonly [key: string, value: string][],
): StoredDocuments | null {
  const documents: StoredDocuments["documents"] = [];
  let state: StoredState | null = null;
  for (const [key, value] of records)
    if (key === STATE) state = JSON.parse(value) as StoredState;
    else if (key.startsWith(DOCUMENT))
      documents.push([key.slice(DOCUMENT.length, key.lastIndexOf("/")), decode(value)]);
  const count = state?.count ?? 0;
  if (documents.length !== count)
    throw file.damaged(`it holds ${documents.length} documents and should hold ${count}`);
  return state && { documents, counters: state.counters, ts: BigInt(state.ts) };
}

function encode(document: Document): string {
  return JSON.stringify(convexToJson(document));
}

function decode(text: string): Document {
  return jsonToConvex(JSON.parse(text) as JSONValue) as Document;
}
