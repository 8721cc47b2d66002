import { jsonToConvex, type JSONValue } from "convex/values";

import { qualifiedTable, type ComponentPath } from "../documents/componentTables.ts";
import type { Document, DocumentChange } from "../documents/documentStore.ts";
import { tableOfId } from "../documents/ids.ts";
import type { RangeFilter } from "../documents/readSet.ts";
import { validate } from "../validation/validate.ts";
import type { EngineDatabase, QuerySource } from "./convexTestInternals.ts";
import { PlatformError } from "./functionErrors.ts";
import type { SchemaJson } from "./messages.ts";
import { requestContext } from "./requestContext.ts";
import { TableIndexes } from "./tableIndex.ts";

const END = "_end_cursor";

/** Gives convex-test's database of a component an index, a record of what is read, and the real validation of documents. */
export class IndexedDatabase {
  readonly #component: ComponentPath;
  readonly #database: EngineDatabase;
  readonly #indexes = new TableIndexes();
  #schema: SchemaJson | null = null;

  constructor(
    component: ComponentPath,
    database: EngineDatabase,
    {
      documents,
      onChanges,
    }: { documents: Document[]; onChanges: (changes: DocumentChange[]) => void },
  ) {
    this.#component = component;
    this.#database = database;
    database._documents = Object.fromEntries(documents.map((each) => [each._id, each]));
    this.#indexes.apply(documents.map((after) => this.#changeOf(after._id, null, after)));
    this.#watchCommits(onChanges);
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

  #watchCommits(onChanges: (changes: DocumentChange[]) => void): void {
    const database = this.#database;
    const commit = database.commit.bind(database);
    database.commit = (ts) => {
      const isOutermost = database._writes.length === 1;
      const ids = isOutermost ? Object.keys(database._writes[0] ?? {}) : [];
      const before = ids.map((id) => database._documents[id] ?? null);
      commit(ts);
      const changes = ids
        .map((id, at) => this.#changeOf(id, before[at] ?? null, database._documents[id] ?? null))
        .filter((change) => change.before !== null || change.after !== null);
      if (changes.length === 0) return;
      this.#indexes.apply(changes);
      onChanges(changes);
    };
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
      for (const document of this.#indexes.all(this.#qualified(table)))
        if (!pending.has(document._id)) visit(document);
      for (const document of pending.values()) if (document !== null) visit(document);
    };
    database._resolveQuerySource = (query) => {
      const { table, filters } = rangeOf(query.source);
      requestContext.getStore()?.reads?.range(this.#qualified(table), filters);
      if (query.source.type === "Search") return resolve(query);
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
      const pending = this.#pendingOf(table);
      const found = this.#indexes.range(this.#qualified(table), { fields, filters }, pending);
      return { ...resolved, sortedDocs: resolved.order === "desc" ? found.reverse() : found };
    };
    database._evaluateQuery = (query) => {
      const { sortedDocs, filterFn, limit } = database._resolveQuerySource(query);
      const results: Document[] = [];
      for (const document of sortedDocs) {
        if (limit !== null && results.length >= limit) break;
        if (filterFn(document)) results.push(document);
      }
      return results;
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
    const pending = new Map<string, Document | null>();
    for (const layer of this.#database._writes)
      for (const [id, document] of Object.entries(layer))
        if (tableOfId(id) === table) pending.set(id, document);
    return pending;
  }

  #qualified(table: string): string {
    return qualifiedTable(this.#component, table);
  }

  #changeOf(id: string, before: Document | null, after: Document | null): DocumentChange {
    return { id, table: this.#qualified(tableOfId(id) ?? ""), before, after };
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
