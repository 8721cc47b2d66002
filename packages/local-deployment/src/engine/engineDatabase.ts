import { jsonToConvex, type JSONValue } from "convex/values";

import type { Document, DocumentChange, Snapshot } from "../documents/documentStore.ts";
import { tableOfId } from "../documents/ids.ts";
import type { RangeFilter } from "../documents/readSet.ts";
import { validate } from "../validation/validate.ts";
import type { EngineDatabase, QuerySource, ResolvedQuery } from "./convexTestInternals.ts";
import { PlatformError } from "./functionErrors.ts";
import type { SchemaJson } from "./messages.ts";
import { requestContext } from "./requestContext.ts";
import { TableIndexes, type IndexRange } from "./tableIndex.ts";

const END = "_end_cursor";

/** Gives convex-test's database an index, a record of what is read, and the real validation of documents. */
export class IndexedDatabase {
  readonly #database: EngineDatabase;
  readonly #indexes = new TableIndexes();
  /** The writes of the running transaction by table, of the tables that it has queried. */
  readonly #pending = new Map<string, Map<string, Document | null>>();
  #schema: SchemaJson | null = null;

  constructor(
    database: EngineDatabase,
    snapshot: Snapshot,
    onCommit: (changes: DocumentChange[]) => void,
  ) {
    this.#database = database;
    const { documents, counters } = snapshot;
    database._documents = Object.fromEntries(documents.map((each) => [each._id, each]));
    database._nextDocId = counters.nextDocId;
    database._lastCreationTime = counters.lastCreationTime;
    this.#indexes.apply(documents.map((after) => changeOf(after._id, null, after)));
    this.#watchCommits(onCommit);
    this.#watchWrites();
    this.#watchReads();
    this.#useIndexes();
    this.#pinPages();
    database._validate = (table, document) => {
      const problem = documentProblem(this.#schema, table, document);
      if (problem === null) return;
      throw new PlatformError(
        `Failed to insert or update a document in table "${table}" because it does not match the schema: ${problem}`,
      );
    };
  }

  setSchema(schema: SchemaJson | null): void {
    this.#schema = schema;
    this.#database._schema =
      schema === null
        ? null
        : {
            schemaValidation: schema.schemaValidation,
            tables: new Map(schema.tables.map((table) => [table.tableName, withAllIndexes(table)])),
          };
  }

  /** Runs a query against the documents as an overlay makes them. */
  async withOverlay<T>(
    overlay: Record<string, Document | null>,
    run: () => Promise<T>,
  ): Promise<T> {
    this.#database.restoreWrites([overlay]);
    try {
      return await run();
    } finally {
      this.#database.restoreWrites([]);
    }
  }

  #watchCommits(onCommit: (changes: DocumentChange[]) => void): void {
    const database = this.#database;
    const commit = database.commit.bind(database);
    database.commit = (ts) => {
      const isOutermost = database._writes.length === 1;
      const ids = isOutermost ? Object.keys(database._writes[0] ?? {}) : [];
      const before = ids.map((id) => database._documents[id] ?? null);
      commit(ts);
      if (isOutermost) this.#pending.clear();
      const changes = ids
        .map((id, at) => changeOf(id, before[at] ?? null, database._documents[id] ?? null))
        .filter((change) => change.before !== null || change.after !== null);
      if (changes.length === 0) return;
      this.#indexes.apply(changes);
      onCommit(changes);
    };
  }

  /** Each query of a mutation merges them: they are kept up to date, and not gathered anew each time. */
  #watchWrites(): void {
    const database = this.#database;
    const addWrite = database._addWrite.bind(database);
    database._addWrite = (id, document) => {
      addWrite(id, document);
      this.#pending.get(tableOfId(id) ?? "")?.set(id, document);
    };
    const forgetting =
      <Args extends unknown[], Result>(change: (...args: Args) => Result) =>
      (...args: Args) => {
        this.#pending.clear();
        return change(...args);
      };
    database.rollbackWrites = forgetting(database.rollbackWrites.bind(database));
    database.stashWrites = forgetting(database.stashWrites.bind(database));
    database.restoreWrites = forgetting(database.restoreWrites.bind(database));
  }

  #watchReads(): void {
    const database = this.#database;
    const get = database.get.bind(database);
    database.get = (table, id) => {
      requestContext.getStore()?.reads?.document(id);
      return get(table, id);
    };
  }

  #useIndexes(): void {
    const database = this.#database;
    const resolve = database._resolveQuerySource.bind(database);
    let isHidden = false;
    database._iterateDocs = (table, visit) => {
      if (isHidden) return;
      const pending = this.#pendingOf(table);
      for (const document of this.#indexes.all(table))
        if (!pending.has(document._id)) visit(document);
      for (const document of pending.values()) if (document !== null) visit(document);
    };
    database._resolveQuerySource = (query) => {
      const { table, filters } = rangeOf(query.source);
      requestContext.getStore()?.reads?.range(table, filters);
      if (query.source.type === "Search") return resolve(query);
      const { documents, from, to, ...resolved } = resolveRange(query);
      const found = documents.slice(from, to);
      return { ...resolved, sortedDocs: resolved.order === "desc" ? found.reverse() : found };
    };
    const resolveRange = (query: { source: QuerySource }) => {
      const { table, filters } = rangeOf(query.source);
      // The engine checks the query and makes its filter, and finds no documents: those come from the index.
      isHidden = true;
      const resolved = (() => {
        try {
          return resolve(query);
        } finally {
          isHidden = false;
        }
      })();
      const fields = resolved.fieldPathsToSortBy;
      const found = this.#indexes.range(table, { fields, filters }, this.#pendingOf(table));
      return { ...resolved, ...found };
    };
    const evaluate = database._evaluateQuery.bind(database);
    database._evaluateQuery = (query) => {
      if (query.source.type === "Search") return evaluate(query);
      const { table, filters } = rangeOf(query.source);
      requestContext.getStore()?.reads?.range(table, filters);
      return firstOf(resolveRange(query));
    };
  }

  #pinPages(): void {
    const database = this.#database;
    const paginate = database.paginate.bind(database);
    database.paginate = (options) => {
      const context = requestContext.getStore();
      const endCursor = options.endCursor ?? context?.pinnedCursor ?? null;
      const page = paginate({ ...options, endCursor });
      // Without the document at its end, convex-test takes a page for the last one.
      const result =
        endCursor === null || endCursor === END
          ? page
          : { ...page, isDone: false, continueCursor: endCursor };
      if (context !== undefined) context.endCursor = result.continueCursor;
      return result;
    };
  }

  /** The writes of the running transaction to one table, the innermost last. */
  #pendingOf(table: string): Map<string, Document | null> {
    const known = this.#pending.get(table);
    if (known !== undefined) return known;
    const pending = new Map<string, Document | null>();
    // Outside of a transaction nothing says when it ends.
    if (this.#database._writes.length > 0) this.#pending.set(table, pending);
    for (const layer of this.#database._writes)
      for (const [id, document] of Object.entries(layer))
        if (tableOfId(id) === table) pending.set(id, document);
    return pending;
  }
}

/** What is wrong with a document under a schema, or null. */
export function documentProblem(
  schema: SchemaJson | null,
  table: string,
  document: Record<string, unknown>,
): string | null {
  if (schema?.schemaValidation !== true) return null;
  const type = schema.tables.find(({ tableName }) => tableName === table)?.documentType;
  if (type == null) return null;
  const { _id, _creationTime, ...fields } = document;
  return validate(type, fields as Record<string, never>);
}

function changeOf(id: string, before: Document | null, after: Document | null): DocumentChange {
  return { id, table: tableOfId(id) ?? "", before, after };
}

/** As many documents of a range as the query wants, in its order. */
function firstOf({
  documents,
  from,
  to,
  order,
  filterFn,
  limit,
}: Omit<ResolvedQuery, "sortedDocs"> & IndexRange): Document[] {
  const results: Document[] = [];
  const [start, step] = order === "desc" ? [to - 1, -1] : [from, 1];
  for (let at = start; at >= from && at < to && results.length < (limit ?? Infinity); at += step) {
    const document = documents[at];
    if (document !== undefined && filterFn(document)) results.push(document);
  }
  return results;
}

function rangeOf(source: QuerySource): { table: string; filters: RangeFilter[] } {
  if (source.type === "FullTableScan") return { table: source.tableName, filters: [] };
  const table = source.indexName.split(".")[0] ?? "";
  if (source.type === "Search") return { table, filters: [] };
  const filters = source.range.map((filter) => ({ ...filter, value: boundOf(filter.value) }));
  return { table, filters };
}

function boundOf(value: unknown): RangeFilter["value"] {
  if (typeof value === "object" && value !== null && "$undefined" in value) return undefined;
  return jsonToConvex(value as JSONValue);
}

function withAllIndexes(table: SchemaJson["tables"][number]): unknown {
  return { searchIndexes: [], vectorIndexes: [], ...table };
}
