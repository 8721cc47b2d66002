import { jsonToConvex, type JSONValue, type Value } from "convex/values";

import { jsonOf, sizeOf } from "../documents/documentJson.ts";
import type { Document } from "../documents/documentStore.ts";
import { tableOfId } from "../documents/ids.ts";
import type {
  EngineDatabase,
  EngineQuery,
  Syscall,
  TransactionMetrics,
} from "./convexTestInternals.ts";
import { currentFunction } from "./currentFunction.ts";
import type { EngineComponents } from "./engineComponents.ts";
import { PlatformError } from "./functionErrors.ts";

/** The documents that a call is about, and what its transaction may still do. */
type Place = { database: EngineDatabase; metrics: TransactionMetrics | null };
/** What any of these calls is given. */
type Args = {
  table: string;
  id: string;
  isSystem?: boolean;
  value: Record<string, Value>;
  query: EngineQuery;
  queryId: number;
};
type Answer = (place: Place, args: Args) => string;

const NOTHING = "{}";
const NO_MORE = '{"done":true,"value":null}';

const ANSWERS: Record<string, Answer> = {
  "1.0/get": ({ database, metrics }, { table, id, isSystem = false }) => {
    refuseOtherKind(id, isSystem);
    metrics?.trackIndexRange();
    return read(database.get(table, id), metrics);
  },
  "1.0/queryStreamNext": ({ database, metrics }, { queryId }) => {
    const { value, done } = database.queryNext(queryId);
    return done ? NO_MORE : `{"done":false,"value":${read(value, metrics)}}`;
  },
  "1.0/insert": ({ database, metrics }, { table, value }) => {
    const _id = database.insert(table, jsonToConvex(value as JSONValue) as Record<string, Value>);
    countWrite(database.get(table, _id), metrics);
    return JSON.stringify({ _id });
  },
  "1.0/shallowMerge": (place, args) =>
    change(place, args, (database, { table, id, value }) => database.patch(table, id, value)),
  "1.0/replace": (place, args) =>
    change(place, args, (database, { table, id, value }) => database.replace(table, id, value)),
  "1.0/remove": (place, args) =>
    change(place, args, (database, { table, id }) => database.delete(table, id)),
};

const ANSWERS_AT_ONCE: Record<string, Answer> = {
  "1.0/queryStream": ({ database, metrics }, { query }) => {
    metrics?.trackIndexRange();
    return JSON.stringify({ queryId: database.startQuery(query) });
  },
  "1.0/queryCleanup": () => NOTHING,
};

/**
 * Answers the calls that functions make most: to read documents and to write them. convex-test would make JSON of each
 * document anew, and several promises for each call.
 */
export function answerDocumentCalls(components: EngineComponents): void {
  const { internals } = components;
  const run = (answer: Answer, json: string): string => {
    const database = components.database(currentFunction.getStore()?.component ?? "");
    const metrics = internals.transactions.getMetricsTracker();
    return answer({ database, metrics }, JSON.parse(json) as Args);
  };
  for (const [op, answer] of Object.entries(ANSWERS)) {
    const syscall: Syscall = (_op, json) => new Promise((resolve) => resolve(run(answer, json)));
    internals.wrapSyscalls([op], () => syscall);
  }
  for (const [op, answer] of Object.entries(ANSWERS_AT_ONCE))
    internals.wrapSyncSyscalls([op], () => (_op, json) => run(answer, json));
}

function read(document: Document | null, metrics: TransactionMetrics | null): string {
  if (document === null) return "null";
  metrics?.trackRead(sizeOf(document));
  return jsonOf(document);
}

/** A write counts as a read of what was there, too. */
function change(
  { database, metrics }: Place,
  args: Args,
  write: (database: EngineDatabase, args: Args) => void,
): string {
  const { table, id } = args;
  const kind = tableOfId(id) ?? "";
  if (isSystemTable(kind))
    throw new PlatformError(`"${kind}" is a system table: it can only be read.`);
  const before = database.get(table, id);
  if (before !== null) metrics?.trackRead(sizeOf(before));
  write(database, args);
  countWrite(database.get(table, id), metrics);
  return NOTHING;
}

function countWrite(written: Document | null, metrics: TransactionMetrics | null): void {
  metrics?.trackWrite(written === null ? 0 : sizeOf(written));
}

function refuseOtherKind(id: string, isSystem: boolean): void {
  const table = tableOfId(id) ?? "";
  if (isSystemTable(table) === isSystem) return;
  throw new PlatformError(
    isSystem
      ? `"${table}" is no system table: do not read it with db.system.`
      : `"${table}" is a system table: read it with db.system.`,
  );
}

function isSystemTable(table: string): boolean {
  return table.startsWith("_");
}
