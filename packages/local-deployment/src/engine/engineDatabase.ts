import { compareValues, jsonToConvex, type JSONValue } from "convex/values";

import { qualifiedTable, type ComponentPath } from "../documents/componentTables.ts";
import type { Document, DocumentChange } from "../documents/documentStore.ts";
import { fieldAt } from "../documents/fieldPaths.ts";
import { tableOfId } from "../documents/ids.ts";
import { PendingWrites } from "../documents/pendingWrites.ts";
import type { RangeFilter } from "../documents/readSet.ts";
import { TableIndexes } from "../documents/tableIndex.ts";
import { rankByText } from "../documents/textSearch.ts";
import { validate } from "../documents/validate.ts";
import type {
  EngineDatabase,
  EngineQuery,
  QuerySource,
  ResolvedQuery,
} from "./convexTestInternals.ts";
import { refuseStaged, textQuery, vectorFieldOf, type TextQuery } from "./declaredIndexes.ts";
import type { SchemaJson } from "./engineCode.ts";
import { PlatformError } from "./functionErrors.ts";
import { readPage, type Rows } from "./pages.ts";
import { requestContext } from "./requestContext.ts";

type ResolvedRows = Rows & { limit: number | null };

/** Gives convex-test's database of a component an index, a record of what is read, and the real validation of documents. */
export class IndexedDatabase {
  readonly #component: ComponentPath;
  readonly #database: EngineDatabase;
  readonly #indexes = new TableIndexes();
  /** The writes of the running transaction by table, of the tables that it has queried. */
  readonly #pending = new Map<string, PendingWrites>();
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
    this.#watchWrites();
    this.#watchReads();
    this.#useIndexes();
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
      if (isOutermost) this.#pending.clear();
      const changes = ids
        .map((id, at) => this.#changeOf(id, before[at] ?? null, database._documents[id] ?? null))
        .filter((change) => change.before !== null || change.after !== null);
      if (changes.length === 0) return;
      this.#indexes.apply(changes);
      onChanges(changes);
    };
  }

  /** Each query of a mutation merges them: they are kept up to date, and not gathered anew each time. */
  #watchWrites(): void {
    const database = this.#database;
    const addWrite = database._addWrite.bind(database);
    database._addWrite = (id, document) => {
      addWrite(id, document);
      this.#pending.get(tableOfId(id) ?? "")?.add(id, document);
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
    const searchVectors = database.vectorSearch.bind(database);
    let isShown: ((document: Document) => boolean) | "all" | "none" = "all";
    const showing = <T>(documents: typeof isShown, run: () => T): T => {
      isShown = documents;
      try {
        return run();
      } finally {
        isShown = "all";
      }
    };
    database._iterateDocs = (table, visit) => {
      if (isShown === "none") return;
      for (const document of this.#visible(table))
        if (isShown === "all" || isShown(document)) visit(document);
    };
    const rowsOf = (query: EngineQuery): ResolvedRows => {
      const { source } = query;
      if (source.type === "IndexRange") refuseStaged(this.#schema, source.indexName);
      const { table, filters } = rangeOf(source);
      requestContext.getStore()?.reads?.range(this.#qualified(table), filters);
      // convex-test checks the query and makes its filter, and finds no documents: those come from the index.
      const check = (checked: EngineQuery) => showing("none", () => resolve(checked));
      if (source.type !== "Search") return this.#range(table, filters, check(query));
      const search = textQuery(this.#schema, source.indexName, source.filters);
      const scan = { ...query, source: { type: "FullTableScan" as const, tableName: table } };
      return { ...check(scan), ...this.#search(table, search) };
    };
    database._evaluateQuery = (query) => takeRows(rowsOf(query));
    database.paginate = ({ query, ...options }) => {
      const context = requestContext.getStore();
      const endCursor = options.endCursor ?? context?.pinnedCursor ?? null;
      const page = readPage(rowsOf(query), { ...options, endCursor });
      if (context !== undefined) context.endCursor = page.continueCursor;
      return page;
    };
    database.vectorSearch = (name, ...rest) => {
      refuseStaged(this.#schema, name);
      const field = vectorFieldOf(this.#schema, name);
      const hasVector = (document: Document) => Array.isArray(fieldAt(document, field));
      return showing(hasVector, () => searchVectors(name, ...rest));
    };
  }

  #range(table: string, filters: RangeFilter[], resolved: ResolvedQuery): ResolvedRows {
    const { fieldPathsToSortBy: fields, filterFn, limit, order } = resolved;
    const pending = this.#pendingOf(table);
    const found = this.#indexes.range(this.#qualified(table), { fields, filters });
    const keys = fields.includes("_id") ? fields : [...fields, "_id"];
    return {
      documents: pending.over(found, { fields, filters }, order),
      keyOf: (document) => keys.map((field) => fieldAt(document, field)),
      filterFn,
      limit,
      order,
    };
  }

  #search(
    table: string,
    { equalities, ...search }: TextQuery,
  ): Pick<Rows, "documents" | "keyOf" | "order"> {
    const ranked = rankByText(this.#visible(table), search).filter(({ document }) =>
      equalities.every(
        ({ fieldPath, value }) => compareValues(fieldAt(document, fieldPath), boundOf(value)) === 0,
      ),
    );
    const scores = new Map(ranked.map(({ document, score }) => [document._id, score]));
    return {
      documents: ranked.map(({ document }) => document),
      keyOf: ({ _id, _creationTime }) => [-(scores.get(_id) ?? 0), -_creationTime, _id],
      order: "asc",
    };
  }

  /** The documents of a table as the running transaction sees them. */
  *#visible(table: string): Generator<Document> {
    const pending = this.#pendingOf(table);
    for (const document of this.#indexes.all(this.#qualified(table)))
      if (!pending.has(document._id)) yield document;
    yield* pending.all();
  }

  /** The writes of the running transaction to one table, the innermost last. */
  #pendingOf(table: string): PendingWrites {
    const known = this.#pending.get(table);
    if (known !== undefined) return known;
    const pending = new PendingWrites();
    // Outside of a transaction nothing says when it ends.
    if (this.#database._writes.length > 0) this.#pending.set(table, pending);
    for (const layer of this.#database._writes)
      for (const [id, document] of Object.entries(layer))
        if (tableOfId(id) === table) pending.add(id, document);
    return pending;
  }

  #qualified(table: string): string {
    return qualifiedTable(this.#component, table);
  }

  #changeOf(id: string, before: Document | null, after: Document | null): DocumentChange {
    return { id, table: this.#qualified(tableOfId(id) ?? ""), before, after };
  }
}

/** As many documents as the query wants. */
function takeRows({ documents, filterFn, limit }: ResolvedRows): Document[] {
  const results: Document[] = [];
  if (limit === 0) return results;
  for (const document of documents) {
    if (filterFn(document)) results.push(document);
    if (results.length === limit) break;
  }
  return results;
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
