import {
  allMounts,
  definitionOf,
  exportedFunctions,
  type ExportTree,
  type Mount,
} from "./components.ts";
import type { DefinitionAnalysis } from "./analysisWorker.ts";
import type { DeployedCode } from "./deployedCode.ts";
import { indexDiff, NO_INDEX_CHANGE } from "./schemaChanges.ts";

/** The answer of `start_push`. It comes back in `finish_push`, with the push's id in `schemaIds`. */
export function startPushResponse(
  pushId: string,
  {
    code,
    before,
    env,
  }: { code: DeployedCode; before: DeployedCode | null; env: Record<string, string> },
): unknown {
  const { analysis, components, udfServerVersion } = code;
  const definitions = new Map([["", udfServerVersion]]);
  for (const component of components)
    definitions.set(component.definitionPath, component.udfServerVersion);
  const perDefinition = (make: (path: string, serverVersion: string) => unknown) =>
    Object.fromEntries([...definitions].map(([path, version]) => [path, make(path, version)]));
  return {
    environmentVariables: env,
    externalDepsId: code.packages.length === 0 ? null : pushId,
    componentDefinitionPackages: perDefinition(() => ({ storageKey: pushId })),
    appAuth: analysis.authProviders,
    analysis: perDefinition((path, version) =>
      describeDefinition(path, definitionOf(analysis, path), version),
    ),
    app: describeMount(code, code.app),
    schemaChange: schemaChange(pushId, before, code),
  };
}

function describeDefinition(path: string, analysis: DefinitionAnalysis, serverVersion: string) {
  const { definition, schema, functions } = analysis;
  const { definitionType, childComponents, httpMounts, envVars } = definition;
  const exports = exportReferences(exportedFunctions(functions));
  return {
    definition: { path, definitionType, childComponents, httpMounts, exports, envVars },
    schema,
    functions,
    udfConfig: { serverVersion, importPhaseRngSeed: null, importPhaseUnixTimestamp: null },
  };
}

type ExportReferences =
  { type: "leaf"; leaf: string } | { type: "branch"; branch: [string, ExportReferences][] };

function exportReferences(tree: ExportTree | string): ExportReferences {
  if (typeof tree === "string") return { type: "leaf", leaf: `_reference/function/${tree}` };
  const branch = Object.entries(tree).map(([name, child]): [string, ExportReferences] => [
    name,
    exportReferences(child),
  ]);
  return { type: "branch", branch };
}

function describeMount(code: DeployedCode, mount: Mount): Record<string, unknown> {
  const { path, definition: definitionPath, env, children } = mount;
  const { functions, definition } = definitionOf(code.analysis, definitionPath);
  const routes = functions["http.js"]?.httpRoutes?.map(({ route }) => route) ?? null;
  return {
    definitionPath,
    componentPath: path,
    args: {},
    env,
    childComponents: Object.fromEntries(
      children.map((child) => [child.path.split("/").at(-1), describeMount(code, child)]),
    ),
    httpRoutes: { httpModuleRoutes: routes, mounts: Object.keys(definition.httpMounts) },
    exports: resources(exportedFunctions(functions), path),
  };
}

function resources(tree: ExportTree, component: string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(tree).map(([name, child]) => [
      name,
      typeof child === "string"
        ? { type: "leaf", resource: { type: "function", path: { component, udfPath: child } } }
        : { type: "branch", children: resources(child, component) },
    ]),
  );
}

export function schemaChange(
  pushId: string,
  before: DeployedCode | null,
  after: DeployedCode,
): unknown {
  const diffs = allMounts(after.app).map(({ path }) => [
    path,
    indexDiff(schemaAt(before, path), schemaAt(after, path)),
  ]);
  return {
    allocatedComponentIds: {},
    schemaIds: { "": pushId },
    indexDiffs: Object.fromEntries(diffs) as unknown,
  };
}

/** The answer of `finish_push`: what has changed, or nothing for a dry run. */
export function finishPushResponse(
  before: DeployedCode | null,
  after: DeployedCode | null,
): unknown {
  const keys = (items: unknown[] | undefined) => (items ?? []).map((item) => JSON.stringify(item));
  const auth = difference(
    keys(before?.analysis.authProviders),
    keys(after?.analysis.authProviders),
  );
  const pathsOf = (code: DeployedCode | null) =>
    code === null ? [] : allMounts(code.app).map(({ path }) => path);
  const paths = new Set(["", ...pathsOf(after), ...(after === null ? [] : pathsOf(before))]);
  return {
    authDiff: auth,
    definitionDiffs: { "": {} },
    componentDiffs: Object.fromEntries(
      [...paths].map((path) => [path, componentDiff(path, before, after)]),
    ),
  };
}

function componentDiff(path: string, before: DeployedCode | null, after: DeployedCode | null) {
  const [old, now] = [analysisAt(before, path), analysisAt(after, path)];
  const modules = (analysis: DefinitionAnalysis | null) => Object.keys(analysis?.functions ?? {});
  const [previous, next] = [before?.udfServerVersion, after?.udfServerVersion];
  const isUpgrade =
    path === "" && previous !== undefined && next !== undefined && previous !== next;
  const type = old === null ? "create" : after !== null && now === null ? "unmount" : "modify";
  return {
    diffType: { type },
    moduleDiff: difference(modules(old), modules(now)),
    udfConfigDiff: isUpgrade ? { previous_version: previous, next_version: next } : null,
    cronDiff: cronDiff(old?.crons ?? [], now?.crons ?? []),
    indexDiff:
      after === null ? NO_INDEX_CHANGE : indexDiff(old?.schema ?? null, now?.schema ?? null),
    schemaDiff: null,
  };
}

function analysisAt(code: DeployedCode | null, path: string): DefinitionAnalysis | null {
  if (code === null) return null;
  const mount = allMounts(code.app).find((each) => each.path === path);
  return mount === undefined ? null : definitionOf(code.analysis, mount.definition);
}

function schemaAt(code: DeployedCode | null, path: string) {
  return analysisAt(code, path)?.schema ?? null;
}

function difference(before: string[], after: string[]): { added: string[]; removed: string[] } {
  return {
    added: after.filter((item) => !before.includes(item)),
    removed: before.filter((item) => !after.includes(item)),
  };
}

function cronDiff(before: DefinitionAnalysis["crons"], after: DefinitionAnalysis["crons"]) {
  const names = (jobs: DefinitionAnalysis["crons"]) => jobs.map(({ name }) => name);
  const { added, removed } = difference(names(before), names(after));
  const updated = after.filter((job) => {
    const old = before.find(({ name }) => name === job.name);
    return old !== undefined && JSON.stringify(old) !== JSON.stringify(job);
  });
  return { added, updated: names(updated), deleted: removed };
}
