/**
 * The one file that reaches into convex-test, which offers no public way to load other code, to see commits or to use
 * an index. Pinned to the exact version below; convexTestInternals.test.ts fails when these names change.
 */
import { AsyncLocalStorage } from "node:async_hooks";

import type { Value } from "convex/values";
import type { TestConvex } from "convex-test";
import type { GenericSchema, SchemaDefinition } from "convex/server";

import type { Document } from "../documents/documentStore.ts";
import type { RangeFilter } from "../documents/readSet.ts";

export const CONVEX_TEST_VERSION = "0.0.60";

export type EngineTest = TestConvex<SchemaDefinition<GenericSchema, boolean>>;

type Writes = Record<string, Document | null>;

export type QuerySource =
  | { type: "FullTableScan"; tableName: string }
  | {
      type: "IndexRange";
      indexName: string;
      range: (Omit<RangeFilter, "value"> & { value: unknown })[];
    }
  | { type: "Search"; indexName: string };

export type ResolvedQuery = {
  sortedDocs: Document[];
  filterFn: (document: Document) => boolean;
  limit: number | null;
  fieldPathsToSortBy: string[];
  order: "asc" | "desc";
};

export type EnginePage = {
  page: Document[];
  isDone: boolean;
  continueCursor: string;
};

export type EngineDatabase = {
  _documents: Writes;
  _writes: Writes[];
  _nextDocId: number;
  _lastCreationTime: number;
  _queryResults: Record<string, unknown>;
  _schema: {
    schemaValidation: boolean;
    tables: Map<string, unknown>;
  } | null;
  get(table: string | undefined, id: string): Document | null;
  _addWrite(id: string, document: Document | null): void;
  rollbackWrites(): void;
  stashWrites(): Writes[];
  restoreWrites(stashed: Writes[]): void;
  insert(table: string, value: Record<string, Value>): string;
  patch(table: string, id: string, value: Record<string, Value>): void;
  commit(ts: bigint | null): void;
  paginate(options: { endCursor?: string | null } & Record<string, unknown>): EnginePage;
  _validate(table: string, document: Record<string, Value>): void;
  _iterateDocs(table: string, visit: (document: Document) => void): void;
  _resolveQuerySource(query: { source: QuerySource }): ResolvedQuery;
  _evaluateQuery(query: { source: QuerySource }): Document[];
};

export type EngineTransactions = {
  _lastCommitTs: bigint;
  begin(isNested: boolean, limits?: unknown): Promise<void>;
  _endTransaction(isNested: boolean): void;
  getMetricsTracker(): { trackScheduledFunction(bytes: number): void } | null;
};

export type EngineInternals = {
  database: EngineDatabase;
  transactions: EngineTransactions;
  setModules(load: (path: string) => Promise<Record<string, unknown>>): void;
  wrapSyscall(wrap: (next: Syscall) => Syscall): void;
  wrapJsSyscall(wrap: (next: JsSyscall) => JsSyscall): void;
};

export type Syscall = (op: string, args: string) => Promise<string>;
export type JsSyscall = (op: string, args: unknown) => Promise<unknown>;

type EngineGlobal = {
  components: Record<
    string,
    { db: EngineDatabase; modules: (path: string) => Promise<Record<string, unknown>> }
  >;
  transactionManager: EngineTransactions;
  asyncSyscall: Syscall;
  jsSyscall: JsSyscall;
};

/**
 * The inside of an instance that `convexTest()` made.
 *
 * @throws if this is not the convex-test that this file was written for.
 */
export function internalsOf(test: EngineTest): EngineInternals {
  const state = captureState(test);
  const component = state.components[""];
  if (component === undefined) throw unexpected("components");
  const { db } = component;
  for (const name of ["commit", "get", "paginate", "_iterateDocs", "_resolveQuerySource"] as const)
    if (typeof db[name] !== "function") throw unexpected(name);
  return {
    database: db,
    transactions: state.transactionManager,
    setModules: (load) => (component.modules = load),
    wrapSyscall: (wrap) => (state.asyncSyscall = wrap(state.asyncSyscall)),
    wrapJsSyscall: (wrap) => (state.jsSyscall = wrap(state.jsSyscall)),
  };
}

/** Each method of the instance runs in an AsyncLocalStorage whose value is the instance's state. */
function captureState(test: EngineTest): EngineGlobal {
  const captured: EngineGlobal[] = [];
  const { prototype } = AsyncLocalStorage;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- It is put back, and called with its own `this`.
  const original = prototype.run;
  prototype.run = function (this: AsyncLocalStorage<unknown>, store: unknown, ...rest: unknown[]) {
    if (typeof store === "object" && store !== null && "transactionManager" in store)
      captured.push(store as EngineGlobal);
    return Reflect.apply(original, this, [store, ...rest]) as unknown;
  } as typeof original;
  try {
    void test.finishInProgressScheduledFunctions();
  } finally {
    prototype.run = original;
  }
  const [state] = captured;
  if (state === undefined) throw unexpected("transactionManager");
  return state;
}

function unexpected(name: string): Error {
  return new Error(
    `convex-test ${CONVEX_TEST_VERSION} was expected, but "${name}" is not where it is in that version.`,
  );
}
