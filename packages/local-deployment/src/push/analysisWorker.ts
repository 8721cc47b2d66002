/** A thread that evaluates pushed code once, apart from what is deployed, and says what is in it. */
import { workerData, parentPort } from "node:worker_threads";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import type { SchemaJson } from "../engine/engineCode.ts";
import { describeFunctionError } from "../engine/functionErrors.ts";
import { isConvexFunction, kindOf } from "../engine/functionRegistry.ts";
import { provideRequire } from "../engine/nodeRequire.ts";
import { ownFramesOf, showUserStacks } from "../engine/userStacks.ts";
import { authConfigSchema, toAuthProviders, type AuthProvider } from "./authProviders.ts";
import { scheduleProblem } from "./cronSchedule.ts";
import type {
  AnalyzedFunction,
  AnalyzedModule,
  CronJob,
  DefinitionJson,
  HttpRoute,
} from "./pushFormats.ts";

/** What is to be evaluated of the app, or of the definition of a component. */
export type DefinitionFiles = {
  /** Where in the directory its modules are. */
  folder: string;
  /** Modules that may define functions. */
  modules: string[];
  hasDefinition: boolean;
  hasSchema: boolean;
};
export type AnalysisRequest = {
  directory: string;
  /** Null: only the auth config is wanted. */
  app: DefinitionFiles | null;
  /** The definitions of components by their path. */
  components: Record<string, DefinitionFiles>;
  hasAuthConfig: boolean;
  env: Record<string, string>;
};
export type DefinitionAnalysis = {
  definition: DefinitionJson;
  schema: SchemaJson | null;
  functions: Record<string, AnalyzedModule>;
  crons: Omit<CronJob, "component">[];
};
export type Analysis = DefinitionAnalysis & {
  authProviders: AuthProvider[];
  components: Record<string, DefinitionAnalysis>;
};
export type AnalysisReply =
  { ok: true; analysis: Analysis } | { ok: false; code: string; message: string };

class Refusal extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const request = workerData as AnalysisRequest;
provideRequire(request.directory);
process.setSourceMapsEnabled(true);
showUserStacks({ directory: request.directory, nodeModules: [] });

async function loadOrRefuse(
  folder: string,
  path: string,
  code: string,
): Promise<Record<string, unknown>> {
  try {
    const url = pathToFileURL(join(request.directory, folder, path)).href;
    return (await import(url)) as Record<string, unknown>;
  } catch (error) {
    if (error instanceof Refusal) throw error;
    const { message } = describeFunctionError(error);
    throw new Refusal(code, `Failed to analyze ${path}: ${message}`);
  }
}

async function analyzeSchema(files: DefinitionFiles): Promise<SchemaJson | null> {
  if (!files.hasSchema) return null;
  const { default: schema } = await loadOrRefuse(files.folder, "schema.js", "InvalidSchema");
  const exported = schema as { export?: () => string } | undefined;
  if (exported === undefined)
    throw new Refusal("MissingSchemaExportError", "Schema file missing default export.");
  if (typeof exported.export !== "function")
    throw new Refusal(
      "InvalidSchemaExport",
      "Default export from schema file isn't a Convex schema.",
    );
  return JSON.parse(exported.export()) as SchemaJson;
}

const NO_DEFINITION: DefinitionJson = {
  definitionType: { type: "app" },
  childComponents: [],
  httpMounts: {},
  envVars: [],
};

async function analyzeDefinition(files: DefinitionFiles): Promise<DefinitionJson> {
  if (!files.hasDefinition) return NO_DEFINITION;
  const code = "InvalidConvexConfig";
  const { default: exported } = await loadOrRefuse(files.folder, "convex.config.js", code);
  const given = exported as { export?: () => Partial<DefinitionJson> } | undefined;
  if (typeof given?.export !== "function")
    throw new Refusal(code, "convex.config.ts must export an app or component definition.");
  const definition = { ...NO_DEFINITION, ...given.export() };
  return { ...definition, envVars: definition.envVars.sort(([a], [b]) => (a < b ? -1 : 1)) };
}

async function analyzeAuthConfig(): Promise<AuthProvider[]> {
  if (!request.hasAuthConfig) return [];
  const environment = process.env;
  // Reading a variable that is not set must fail the push, and say which one.
  process.env = new Proxy(environment, {
    get: (target, name) => {
      // Loaders read variables, too, while the module is loaded: only what it reads itself counts.
      const isOwn = ownFramesOf(new Error()) !== "";
      if (typeof name !== "string" || name in target || !isOwn)
        return Reflect.get(target, name) as unknown;
      throw new Refusal(
        "AuthConfigMissingEnvironmentVariable",
        `Environment variable ${name} is used in auth config file but its value was not set`,
      );
    },
  });
  try {
    const code = "AuthConfigInvalid";
    const { default: config } = await loadOrRefuse("convex", "auth.config.js", code);
    if (config === undefined)
      throw new Refusal(
        "AuthConfigMissingExportError",
        "auth config file is missing default export. https://docs.convex.dev/auth",
      );
    const parsed = authConfigSchema.safeParse(config);
    if (!parsed.success)
      throw new Refusal(
        "AuthConfigNotMatchingSchemaError",
        `auth config file must include a list of provider credentials: ${parsed.error.issues
          .map((issue) => `${issue.path.join(".")}: ${issue.message}`)
          .join("; ")}`,
      );
    return toAuthProviders(parsed.data);
  } finally {
    process.env = environment;
  }
}

function analyzeFunctions(module: Record<string, unknown>): AnalyzedFunction[] {
  const found: AnalyzedFunction[] = [];
  for (const [name, exported] of Object.entries(module)) {
    if (!isConvexFunction(exported)) continue;
    const kind = kindOf(exported);
    if (kind === null) continue;
    const udfType = (kind.charAt(0).toUpperCase() + kind.slice(1)) as AnalyzedFunction["udfType"];
    const visibility = { kind: exported.isPublic === true ? "public" : "internal" } as const;
    const [args, returns] = [exported.exportArgs(), exported.exportReturns()];
    found.push({ name, pos: null, udfType, visibility, args, returns });
  }
  return found;
}

function analyzeRoutes(module: Record<string, unknown>): HttpRoute[] {
  const router = module["default"] as { getRoutes?: () => [string, string, unknown][] } | undefined;
  if (typeof router?.getRoutes !== "function")
    throw new Refusal("InvalidModules", "The default export of `convex/http.js` is not a Router.");
  return router.getRoutes().map(([path, method]) => ({ route: { path, method }, pos: null }));
}

function analyzeCrons(module: Record<string, unknown>): DefinitionAnalysis["crons"] {
  const crons = module["default"] as { export?: () => string } | undefined;
  if (typeof crons?.export !== "function")
    throw new Refusal("InvalidModules", "The default export of `convex/crons.js` is not a Crons.");
  const jobs = JSON.parse(crons.export()) as Record<string, Omit<CronJob, "function">>;
  for (const [name, { schedule }] of Object.entries(jobs)) {
    const problem = scheduleProblem(schedule);
    if (problem !== null)
      throw new Refusal("InvalidModules", `The cron job "${name}" cannot run: ${problem}`);
  }
  return Object.entries(jobs).map(([name, { name: path, args, schedule }]) => ({
    name,
    function: path,
    args,
    schedule,
  }));
}

async function analyzeFiles(files: DefinitionFiles): Promise<DefinitionAnalysis> {
  const definition = await analyzeDefinition(files);
  const schema = await analyzeSchema(files);
  const analysis: DefinitionAnalysis = { definition, schema, functions: {}, crons: [] };
  for (const path of files.modules) {
    const module = await loadOrRefuse(files.folder, path, "InvalidModules");
    analysis.functions[path] = {
      functions: analyzeFunctions(module),
      httpRoutes: path === "http.js" ? analyzeRoutes(module) : null,
      cronSpecs: null,
      sourceMapped: null,
    };
    if (path === "crons.js") analysis.crons = analyzeCrons(module);
  }
  return analysis;
}

async function analyze(): Promise<Analysis> {
  const authProviders = await analyzeAuthConfig();
  const { app } = request;
  const own =
    app === null
      ? { definition: NO_DEFINITION, schema: null, functions: {}, crons: [] }
      : await analyzeFiles(app);
  const components: Analysis["components"] = {};
  // A component does not see the deployment's variables.
  process.env = {};
  for (const [path, files] of Object.entries(request.components))
    components[path] = await analyzeFiles(files);
  return { ...own, authProviders, components };
}

async function reply(): Promise<AnalysisReply> {
  for (const name of Object.keys(process.env)) Reflect.deleteProperty(process.env, name);
  Object.assign(process.env, request.env);
  try {
    return { ok: true, analysis: await analyze() };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, code: error.code, message: error.message };
    const { message } = describeFunctionError(error);
    return { ok: false, code: "InvalidModules", message };
  }
}

parentPort?.postMessage(await reply());
