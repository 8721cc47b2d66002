import { jsonToConvex, type JSONValue, type Value } from "convex/values";
import { z } from "zod";

import { qualifiedTable, splitTable, type ComponentPath } from "../documents/componentTables.ts";
import type { DocumentStore } from "../documents/documentStore.ts";
import { withoutInternal } from "../documents/internalFields.ts";
import { refusedCall, type CallOutcome, type FunctionCall } from "../engine/callsAndOutcomes.ts";
import { displayFunctionPath } from "../engine/functionPaths.ts";
import type { DefinitionAnalysis } from "../push/analysisWorker.ts";
import { allMounts, definitionOf } from "../push/components.ts";
import type { DeployedCode } from "../push/deployedCode.ts";
import type { Exports } from "../snapshots/exports.ts";
import type { Imports } from "../snapshots/imports.ts";
import { encodeValue } from "../wire/values.ts";

/** What system queries look at. */
export type SystemSource = {
  readonly documents: DocumentStore;
  readonly env: Record<string, string>;
  readonly active: DeployedCode | null;
  readonly cloudUrl: string;
  readonly imports: Imports;
  readonly exports: Exports;
};

type SystemQuery = (source: SystemSource, args: Value, component: ComponentPath) => Value;

const pagination = z.looseObject({ cursor: z.string().nullable(), numItems: z.number() });
const tableDataArgs = z.looseObject({
  table: z.string(),
  order: z.enum(["asc", "desc"]).default("asc"),
  paginationOpts: pagination,
});
const tableNameArgs = z.looseObject({ tableName: z.string() });
const importArgs = z.looseObject({ importId: z.string() });
const nameArgs = z.looseObject({ name: z.string() });

/** The queries that the CLI sends, by canonical path. */
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
  "_system/cli/tables:default": (source, _, component) => ({
    page: tableNames(source, component).map((name) => ({ name })),
    isDone: true,
    continueCursor: "end",
  }),
  "_system/cli/tableData:default": ({ documents }, args, component) => {
    const { table, order, paginationOpts } = tableDataArgs.parse(args);
    const all = documents.list(qualifiedTable(component, table));
    if (order === "desc") all.reverse();
    const from = Number(paginationOpts.cursor ?? 0);
    const to = from + paginationOpts.numItems;
    return {
      page: all.slice(from, to).map(withoutInternal) as Value[],
      isDone: to >= all.length,
      continueCursor: String(Math.min(to, all.length)),
    };
  },
  "_system/cli/tableSize:default": ({ documents }, args, component) =>
    documents.count(qualifiedTable(component, tableNameArgs.parse(args).tableName)),
  // Any new value says that the table may have changed.
  "_system/cli/queryTable:default": () => Math.random(),
  "_system/cli/modules:apiSpec": ({ active }, _, component) => apiSpec(active, component),
  "_system/cli/queryImport:list": () => [],
  "_system/cli/queryImport:default": ({ imports }, args) =>
    imports.describe(importArgs.parse(args).importId),
  "_system/cli/exports:getLatest": ({ exports }) => exports.describe(),
  "_system/frontend/components:list": ({ active }) =>
    (active === null ? [] : allMounts(active.app)).map(({ path }) => ({ id: path, path })),
  "_system/cli/convexUrl:cloudUrl": ({ cloudUrl }) => cloudUrl,
};

/** Answers a system query. Only an admin may ask. */
export function runSystemQuery(source: SystemSource, call: FunctionCall): CallOutcome {
  const query = QUERIES[call.path];
  const component = call.component ?? "";
  if (query === undefined || !call.caller.isAdmin)
    return refusedCall(
      `Could not find public function for '${displayFunctionPath(call.path)}'. Did you forget to run \`npx convex dev\`?`,
    );
  if (!isKnown(source, component)) return refusedCall(`Component "${component}" not found.`);
  try {
    const args = jsonToConvex(JSON.parse(call.args) as JSONValue);
    const value = encodeValue(query(source, args, component));
    return { ok: true, value, ts: source.documents.ts, kind: "query", logLines: [], ranMs: 0 };
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    return refusedCall(`ArgumentValidationError: ${z.prettifyError(error)}`, "query");
  }
}

function isKnown({ active, documents }: SystemSource, path: ComponentPath): boolean {
  if (path === "" || deployedAt(active, path) !== null) return true;
  return documents.tableNames().some((name) => splitTable(name).component === path);
}

/** The app or a component as it is deployed, or null. */
function deployedAt(active: DeployedCode | null, path: ComponentPath): DefinitionAnalysis | null {
  if (active === null) return null;
  const mount = allMounts(active.app).find((each) => each.path === path);
  return mount === undefined ? null : definitionOf(active.analysis, mount.definition);
}

function tableNames({ active, documents }: SystemSource, component: ComponentPath): string[] {
  const { schema = null } = deployedAt(active, component) ?? {};
  const declared = schema?.tables.map(({ tableName }) => tableName) ?? [];
  const stored = documents
    .tableNames()
    .map(splitTable)
    .filter(({ component: owner, table }) => owner === component && !table.startsWith("_"))
    .map(({ table }) => table);
  return [...new Set([...declared, ...stored])].sort();
}

const ANYTHING = '{"type":"any"}';

function apiSpec(active: DeployedCode | null, component: ComponentPath): Value {
  const toValue = (json: string | null) => jsonToConvex(JSON.parse(json ?? ANYTHING) as JSONValue);
  const { functions = {} } = deployedAt(active, component) ?? {};
  return Object.entries(functions).flatMap(([path, module]): Value[] => [
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
