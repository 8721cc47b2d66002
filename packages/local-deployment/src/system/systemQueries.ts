import { jsonToConvex, type JSONValue, type Value } from "convex/values";
import { z } from "zod";

import type { DocumentStore } from "../documents/documentStore.ts";
import { refusedCall, type CallOutcome, type FunctionCall } from "../engine/messages.ts";
import type { DeployedCode } from "../push/deployedCode.ts";
import { displayFunctionPath } from "../engine/functionPaths.ts";
import { encodeValue } from "../wire/values.ts";

/** What system queries look at. */
export type SystemSource = {
  readonly documents: DocumentStore;
  readonly env: Record<string, string>;
  readonly active: DeployedCode | null;
  readonly cloudUrl: string;
};

type SystemQuery = (source: SystemSource, args: Value) => Value;

const pagination = z.looseObject({ cursor: z.string().nullable(), numItems: z.number() });
const tableDataArgs = z.looseObject({
  table: z.string(),
  order: z.enum(["asc", "desc"]).default("asc"),
  paginationOpts: pagination,
});
const tableNameArgs = z.looseObject({ tableName: z.string() });
const nameArgs = z.looseObject({ name: z.string() });

/** The queries that the CLI sends under `_system/cli/`, by canonical path. */
const QUERIES: Record<string, SystemQuery> = {
  "_system/cli/queryEnvironmentVariables:default": ({ env }) =>
    Object.entries(env)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => ({ _id: name, _creationTime: 0, name, value })),
  "_system/cli/queryEnvironmentVariables:get": ({ env }, args) => {
    const { name } = nameArgs.parse(args);
    const value = env[name];
    return value === undefined ? null : { name, value };
  },
  "_system/cli/tables:default": (source) => ({
    page: tableNames(source).map((name) => ({ name })),
    isDone: true,
    continueCursor: "end",
  }),
  "_system/cli/tableData:default": ({ documents }, args) => {
    const { table, order, paginationOpts } = tableDataArgs.parse(args);
    const all = documents.list(table);
    if (order === "desc") all.reverse();
    const from = Number(paginationOpts.cursor ?? 0);
    const to = from + paginationOpts.numItems;
    return {
      page: all.slice(from, to) as Value[],
      isDone: to >= all.length,
      continueCursor: String(Math.min(to, all.length)),
    };
  },
  "_system/cli/tableSize:default": ({ documents }, args) =>
    documents.count(tableNameArgs.parse(args).tableName),
  // Any new value says that the table may have changed.
  "_system/cli/queryTable:default": () => Math.random(),
  "_system/cli/modules:apiSpec": ({ active }) => apiSpec(active),
  "_system/cli/convexUrl:cloudUrl": ({ cloudUrl }) => cloudUrl,
};

/** Answers a system query. Only an admin may ask. */
export function runSystemQuery(source: SystemSource, call: FunctionCall): CallOutcome {
  const query = QUERIES[call.path];
  if (query === undefined || !call.caller.isAdmin)
    return refusedCall(`Could not find public function for '${displayFunctionPath(call.path)}'.`);
  try {
    const args = jsonToConvex(JSON.parse(call.args) as JSONValue);
    const value = encodeValue(query(source, args));
    return { ok: true, value, ts: source.documents.ts, kind: "query", logLines: [], ranMs: 0 };
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    return refusedCall(`ArgumentValidationError: ${z.prettifyError(error)}`, "query");
  }
}

function tableNames({ active, documents }: SystemSource): string[] {
  const declared = active?.analysis.schema?.tables.map(({ tableName }) => tableName) ?? [];
  const stored = documents.tableNames().filter((name) => !name.startsWith("_"));
  return [...new Set([...declared, ...stored])].sort();
}

const ANYTHING = '{"type":"any"}';

function apiSpec(active: DeployedCode | null): Value {
  const toValue = (json: string | null) => jsonToConvex(JSON.parse(json ?? ANYTHING) as JSONValue);
  return Object.entries(active?.analysis.functions ?? {}).flatMap(([path, module]): Value[] => [
    ...module.functions.map(({ name, udfType, visibility, args, returns }) => ({
      identifier: `${path}:${name}`,
      functionType: udfType,
      visibility,
      args: toValue(args),
      returns: toValue(returns === "null" ? null : returns),
    })),
    ...(module.httpRoutes ?? []).map(({ route }) => ({ functionType: "HttpAction", ...route })),
  ]);
}
