import type { SchemaJson } from "../engine/messages.ts";
import type { CronJob } from "./pushFormats.ts";
import type { DeployedCode } from "./deployedCode.ts";
import { indexDiff, NO_INDEX_CHANGE, type IndexDiff } from "./schemaChanges.ts";

/** The answer of `start_push`. It comes back in `finish_push`, with the push's id in `schemaIds`. */
export function startPushResponse(
  pushId: string,
  {
    code,
    before,
    env,
  }: { code: DeployedCode; before: DeployedCode | null; env: Record<string, string> },
): unknown {
  const { analysis } = code;
  return {
    environmentVariables: env,
    externalDepsId: null,
    componentDefinitionPackages: { "": { storageKey: pushId } },
    appAuth: analysis.authProviders,
    analysis: {
      "": {
        definition: {
          path: "",
          definitionType: { type: "app" },
          childComponents: [],
          httpMounts: {},
          exports: { type: "branch", branch: [] },
          envVars: analysis.envVars,
        },
        schema: analysis.schema,
        functions: analysis.functions,
        udfConfig: {
          serverVersion: code.udfServerVersion,
          importPhaseRngSeed: null,
          importPhaseUnixTimestamp: null,
        },
      },
    },
    app: {
      definitionPath: "",
      componentPath: "",
      args: {},
      env: {},
      childComponents: {},
      httpRoutes: { httpModuleRoutes: null, mounts: [] },
      exports: {},
    },
    schemaChange: schemaChange(pushId, before, analysis.schema),
  };
}

export function schemaChange(
  pushId: string,
  before: DeployedCode | null,
  schema: SchemaJson | null,
): unknown {
  return {
    allocatedComponentIds: {},
    schemaIds: { "": pushId },
    indexDiffs: { "": indexDiff(before?.analysis.schema ?? null, schema) },
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
  const modules = difference(
    Object.keys(before?.analysis.functions ?? {}),
    Object.keys(after?.analysis.functions ?? {}),
  );
  const [previous, next] = [before?.udfServerVersion, after?.udfServerVersion];
  return {
    authDiff: auth,
    definitionDiffs: { "": {} },
    componentDiffs: {
      "": {
        diffType: { type: before === null ? "create" : "modify" },
        moduleDiff: modules,
        udfConfigDiff:
          previous === undefined || next === undefined || previous === next
            ? null
            : { previous_version: previous, next_version: next },
        cronDiff: cronDiff(before?.analysis.crons ?? [], after?.analysis.crons ?? []),
        indexDiff: indexChange(before, after),
        schemaDiff: null,
      },
    },
  };
}

function indexChange(before: DeployedCode | null, after: DeployedCode | null): IndexDiff {
  return after === null
    ? NO_INDEX_CHANGE
    : indexDiff(before?.analysis.schema ?? null, after.analysis.schema);
}

function difference(before: string[], after: string[]): { added: string[]; removed: string[] } {
  return {
    added: after.filter((item) => !before.includes(item)),
    removed: before.filter((item) => !after.includes(item)),
  };
}

function cronDiff(before: CronJob[], after: CronJob[]) {
  const names = (jobs: CronJob[]) => jobs.map(({ name }) => name);
  const { added, removed } = difference(names(before), names(after));
  const updated = after.filter((job) => {
    const old = before.find(({ name }) => name === job.name);
    return old !== undefined && JSON.stringify(old) !== JSON.stringify(job);
  });
  return { added, updated: names(updated), deleted: removed };
}
