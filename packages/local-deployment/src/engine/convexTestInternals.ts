/**
 * The one file that reaches into convex-test, which offers no public way to load other code, to see commits or to use
 * an index. Pinned to the exact version below; convexTestInternals.test.ts fails when these names change.
 */
import { AsyncLocalStorage } from "node:async_hooks";

import type { Value } from "convex/values";
import type { TestConvex } from "convex-test";
import type { GenericMutationCtx, GenericSchema, SchemaDefinition } from "convex/server";

import type { ComponentPath } from "../documents/componentTables.ts";
import type { Document } from "../documents/documentStore.ts";
import type { RangeFilter } from "../documents/readSet.ts";
import type { Page, PageOptions } from "./pages.ts";

export const CONVEX_TEST_VERSION = "0.0.60";

/** A function, and the component whose function it is. */
export type FunctionPath = { componentPath: ComponentPath; udfPath: string };

/** What every accessor has besides its public methods. */
type PathMethods = {
  queryFromPath(path: FunctionPath, args: unknown): Promise<unknown>;
  mutationFromPath(path: FunctionPath, args: unknown): Promise<unknown>;
  actionFromPath(path: FunctionPath, args: unknown): Promise<unknown>;
  /** Runs in a transaction, as a function of that component. */
  runInComponent<T>(
    component: ComponentPath,
    run: (ctx: GenericMutationCtx<never>) => Promise<T>,
  ): Promise<T>;
};
type PublicTest = TestConvex<SchemaDefinition<GenericSchema, boolean>>;
export type EngineTest = PublicTest & PathMethods;
export type EngineAccessor = Pick<EngineTest, "fetch" | "withRequestMetadata" | keyof PathMethods>;

type Writes = Record<string, Document | null>;

export type QuerySource =
  | { type: "FullTableScan"; tableName: string }
  | {
      type: "IndexRange";
      indexName: string;
      range: (Omit<RangeFilter, "value"> & { value: unknown })[];
    }
  | { type: "Search"; indexName: string; filters: SearchFilter[] };

export type SearchFilter =
  | { type: "Search"; fieldPath: string; value: string }
  | { type: "Eq"; fieldPath: string; value: unknown };

export type EngineQuery = { source: QuerySource; operators: unknown[] };

export type ResolvedQuery = {
  sortedDocs: Document[];
  filterFn: (document: Document) => boolean;
  limit: number | null;
  fieldPathsToSortBy: string[];
  order: "asc" | "desc";
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
  replace(table: string, id: string, value: Record<string, Value>): void;
  delete(table: string, id: string): void;
  commit(ts: bigint | null): void;
  _generateId(table: string): string;
  vectorSearch(name: string, ...rest: unknown[]): unknown;
  paginate(options: PageOptions & { query: EngineQuery }): Page;
  _validate(table: string, document: Record<string, Value>): void;
  _iterateDocs(table: string, visit: (document: Document) => void): void;
  _resolveQuerySource(query: EngineQuery): ResolvedQuery;
  _evaluateQuery(query: EngineQuery): Document[];
  startQuery(query: EngineQuery): number;
  queryNext(queryId: number): { value: Document | null; done: boolean };
};

/** Counts what a transaction does, and throws where that is more than it may. Sizes are in bytes. */
export type TransactionMetrics = {
  trackIndexRange(): void;
  trackRead(size: number): void;
  trackWrite(size: number): void;
  trackScheduledFunction(size: number): void;
};

export type EngineTransactions = {
  _lastCommitTs: bigint;
  begin(isNested: boolean, limits?: unknown): Promise<void>;
  commit(isNested: boolean): bigint | null;
  _endTransaction(isNested: boolean): void;
  getMetricsTracker(): TransactionMetrics | null;
};

export type EngineInternals = {
  transactions: EngineTransactions;
  /**
   * Makes a component known, or changes where its modules come from.
   *
   * @returns its database.
   */
  useComponent(path: ComponentPath, modules: LoadModule): EngineDatabase;
  /** Wraps the syscalls of these names. */
  wrapSyscalls(ops: Iterable<string>, wrap: (next: Syscall) => Syscall): void;
  wrapJsSyscall(wrap: (next: JsSyscall) => JsSyscall): void;
  wrapSyncSyscalls(ops: Iterable<string>, wrap: (next: SyncSyscall) => SyncSyscall): void;
};

export type LoadModule = (path: string) => Promise<Record<string, unknown>>;
export type Syscall = (op: string, args: string) => Promise<string>;
export type SyncSyscall = (op: string, args: string) => string;
export type JsSyscall = (op: string, args: unknown) => Promise<unknown>;

/** What convex-test wants to see of a project before it takes its modules from elsewhere. */
export const NO_MODULES = { "./_generated/api.js": () => Promise.resolve({}) };
// Its own type does not say that a component may be without a schema.
const NO_SCHEMA = null as never;

type EngineGlobal = {
  components: Record<ComponentPath, { db: EngineDatabase; modules: LoadModule }>;
  transactionManager: EngineTransactions;
  asyncSyscall: Syscall;
  jsSyscall: JsSyscall;
  syscall: SyncSyscall;
};

/**
 * The inside of an instance that `convexTest()` made.
 *
 * @throws if this is not the convex-test that this file was written for.
 */
export function internalsOf(test: PublicTest): EngineInternals {
  const state = captureState(test);
  const app = state.components[""];
  if (app === undefined) throw unexpected("components");
  for (const name of ["commit", "get", "paginate", "_iterateDocs", "_resolveQuerySource"] as const)
    if (typeof app.db[name] !== "function") throw unexpected(name);
  return {
    transactions: state.transactionManager,
    useComponent: (path, modules) => {
      if (state.components[path] === undefined) test.registerComponent(path, NO_SCHEMA, NO_MODULES);
      const component = state.components[path];
      if (component === undefined) throw unexpected("registerComponent");
      component.modules = modules;
      return component.db;
    },
    wrapSyscalls: wrapping<Syscall>(state, "asyncSyscall"),
    wrapJsSyscall: (wrap) => (state.jsSyscall = wrap(state.jsSyscall)),
    wrapSyncSyscalls: wrapping<SyncSyscall>(state, "syscall"),
  };
}

/** A function calls the last wrapper of a name at once, however many there are of other names. */
function wrapping<Call extends (op: string, json: string) => unknown>(
  state: Record<"asyncSyscall" | "syscall", unknown>,
  kind: "asyncSyscall" | "syscall",
): (ops: Iterable<string>, wrap: (next: Call) => Call) => void {
  const original = state[kind] as Call;
  const calls = new Map<string, Call>();
  state[kind] = (op: string, json: string) => (calls.get(op) ?? original)(op, json);
  return (ops, wrap) => {
    for (const op of ops) calls.set(op, wrap(calls.get(op) ?? original));
  };
}

/** Each method of the instance runs in an AsyncLocalStorage whose value is the instance's state. */
function captureState(test: PublicTest): EngineGlobal {
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
