/** What the CLI sends to push code. Its own schemas: `cli/lib/deployApi` of the `convex` package. */
import { z } from "zod";

import type { ComponentPath } from "../documents/componentTables.ts";
import type { CronSchedule } from "./cronSchedule.ts";

const environment = z.enum(["isolate", "node"]);

const moduleConfig = z.object({
  path: z.string(),
  source: z.string(),
  sourceMap: z.string().optional(),
  environment,
});
export type ModuleConfig = z.infer<typeof moduleConfig>;

const componentDefinition = z.looseObject({
  definitionPath: z.string(),
  definition: moduleConfig,
  dependencies: z.array(z.string()).default([]),
  schema: moduleConfig.nullable(),
  functions: z.array(moduleConfig),
  udfServerVersion: z.string(),
});
export type ComponentDefinition = z.infer<typeof componentDefinition>;

const nodeDependency = z.looseObject({ name: z.string(), version: z.string() });
export type NodeDependency = z.infer<typeof nodeDependency>;

export const startPushRequest = z.looseObject({
  adminKey: z.string(),
  dryRun: z.boolean().default(false),
  functions: z.string().default("convex/"),
  nodeDependencies: z.array(nodeDependency).default([]),
  componentDefinitions: z.array(componentDefinition).default([]),
  appDefinition: z.looseObject({
    definition: moduleConfig.nullable(),
    dependencies: z.array(z.string()).default([]),
    schema: moduleConfig.nullable(),
    changedModules: z.array(moduleConfig),
    unchangedModuleHashes: z
      .array(z.object({ path: z.string(), environment, sha256: z.string() }))
      .default([]),
    udfServerVersion: z.string(),
  }),
});
export type StartPushRequest = z.infer<typeof startPushRequest>;

const schemaChange = z.looseObject({ schemaIds: z.record(z.string(), z.string().nullable()) });

export const waitForSchemaRequest = z.looseObject({
  adminKey: z.string(),
  schemaChange,
  dryRun: z.boolean().default(false),
});

export const finishPushRequest = z.looseObject({
  adminKey: z.string(),
  dryRun: z.boolean().default(false),
  startPush: z.looseObject({
    environmentVariables: z.record(z.string(), z.string()),
    schemaChange,
  }),
});
export type FinishPushRequest = z.infer<typeof finishPushRequest>;

export const configHashesRequest = z.looseObject({ adminKey: z.string() });

export type AnalyzedFunction = {
  name: string;
  pos: null;
  udfType: "Query" | "Mutation" | "Action";
  visibility: { kind: "public" | "internal" };
  args: string | null;
  returns: string | null;
};
export type HttpRoute = { route: { path: string; method: string }; pos: null };
export type AnalyzedModule = {
  functions: AnalyzedFunction[];
  httpRoutes: HttpRoute[] | null;
  cronSpecs: null;
  sourceMapped: null;
};
export type CronJob = {
  name: string;
  /** The component whose job it is. */
  component: ComponentPath;
  /** The path of the function that it runs. */
  function: string;
  args: unknown[];
  schedule: CronSchedule;
};

/** A variable that `convex.config.ts` declares: its validator as JSON text. */
export type EnvVarDeclaration = [
  name: string,
  declaration: { type: "value"; value: string; optional?: boolean },
];

/** What a variable of a component is: a text, or its parent's variable of that name. */
export type EnvBinding = { type: "value"; value: string } | { type: "envVar"; name: string };

/** What `convex.config.ts` says, as its default export tells it. */
export type DefinitionJson = {
  definitionType: { type: "app" } | { type: "childComponent"; name: string };
  childComponents: { name: string; path: string; env?: [string, EnvBinding][] | null }[];
  /** References of children by the prefix of the HTTP paths that they answer. */
  httpMounts: Record<string, string>;
  envVars: EnvVarDeclaration[];
};
