import type { ComponentCode, EngineCode } from "../engine/engineCode.ts";
import { badRequest } from "../requestError.ts";
import type { Analysis, DefinitionFiles } from "./analysisWorker.ts";
import { allMounts, definitionOf, type Mount } from "./components.ts";
import { moduleHash, type FolderModules } from "./moduleFiles.ts";
import type {
  ComponentDefinition,
  CronJob,
  ModuleConfig,
  NodeDependency,
  StartPushRequest,
} from "./pushFormats.ts";

/** What was pushed. */
export type PushedCode = {
  modules: ModuleConfig[];
  /** The modules, and what else was pushed: schema and app definition. */
  files: ModuleConfig[];
  components: ComponentDefinition[];
  /** What its Node modules import from npm and do not bring along. */
  packages: NodeDependency[];
  udfServerVersion: string;
};

/** One state of a project's code: what was pushed, and what is in it. */
export type DeployedCode = PushedCode & {
  analysis: Analysis;
  /** The app with its components. */
  app: Mount;
  /** The folder that the modules were written to. */
  directory: string;
};

const AUTH_CONFIG = "auth.config.js";
const APP_FOLDER = "convex";

/** The modules that may define functions: all but shared chunks and the auth config. */
export function functionModules(modules: readonly ModuleConfig[]): string[] {
  return modules
    .map(({ path }) => path)
    .filter((path) => !path.startsWith("_deps/") && path !== AUTH_CONFIG)
    .sort();
}

/** The modules with `"use node"`. */
function nodeModules(modules: readonly ModuleConfig[]): string[] {
  return modules.filter(({ environment }) => environment === "node").map(({ path }) => path);
}

export function hasAuthConfig(modules: readonly ModuleConfig[]): boolean {
  return modules.some(({ path }) => path === AUTH_CONFIG);
}

/** What is to be evaluated of a push, by the folder that `definitionFolders` gives it. */
export function filesToAnalyze({ files, modules, components }: PushedCode): {
  app: DefinitionFiles;
  components: Record<string, DefinitionFiles>;
} {
  return {
    app: {
      folder: APP_FOLDER,
      modules: functionModules(modules),
      hasSchema: files.some(({ path }) => path === "schema.js"),
      hasDefinition: files.some(({ path }) => path === "convex.config.js"),
    },
    components: Object.fromEntries(
      components.map(({ definitionPath, functions, schema }, at) => [
        definitionPath,
        {
          folder: definitionFolder(at),
          modules: functionModules(functions),
          hasSchema: schema !== null,
          hasDefinition: true,
        },
      ]),
    ),
  };
}

/** The folders in which a push is evaluated: the app's, and one for each definition of a component. */
export function definitionFolders({ files, components }: PushedCode): FolderModules {
  const folders: Record<string, ModuleConfig[]> = { [APP_FOLDER]: files };
  for (const [at, component] of components.entries())
    folders[definitionFolder(at)] = [
      ...component.functions,
      component.definition,
      ...(component.schema === null ? [] : [component.schema]),
    ];
  for (const [folder, modules] of Object.entries(folders))
    folders[folder] = withComponentImports(modules, folder, components);
  return folders;
}

/** The folders from which it runs: each mount has its own, as modules may keep something for themselves. */
export function mountFolders(
  app: Mount,
  components: readonly ComponentDefinition[],
): FolderModules {
  const folders: FolderModules = {};
  for (const { path, definition } of allMounts(app).slice(1))
    folders[mountFolder(path)] =
      components.find(({ definitionPath }) => definitionPath === definition)?.functions ?? [];
  return folders;
}

// All beside the app's folder: source maps of components are relative to it, too.
function definitionFolder(at: number): string {
  return `definition.${at}`;
}

function mountFolder(path: string): string {
  return path === "" ? APP_FOLDER : `component.${path.replaceAll("/", ".")}`;
}

const COMPONENT_IMPORT = /(["'])\.\/_componentDeps\/([\w-]+)\1/g;

/** Lets `convex.config.js` import the definitions of components, which the CLI leaves to the deployment. */
function withComponentImports(
  modules: ModuleConfig[],
  folder: string,
  components: readonly ComponentDefinition[],
): ModuleConfig[] {
  const imported = new Set<number>();
  const resolved = modules.map((module) => {
    if (module.path !== "convex.config.js") return module;
    const source = module.source.replaceAll(COMPONENT_IMPORT, (_, quote: string, name: string) => {
      const path = Buffer.from(name, "base64url").toString();
      const at = components.findIndex(({ definitionPath }) => definitionPath === path);
      imported.add(at);
      return `${quote}./_componentDeps/${at}.js${quote}`;
    });
    return { ...module, source };
  });
  const up = "../".repeat(folder.split("/").length + 1);
  const imports = [...imported].map((at): ModuleConfig => {
    const source = `import definition from "${up}${definitionFolder(at)}/convex.config.js";
export default {
  componentDefinitionPath: ${JSON.stringify(components[at]?.definitionPath)},
  defaultName: definition.export().definitionType.name,
  export: () => definition.export(),
};`;
    return { path: `_componentDeps/${at}.js`, source, environment: "isolate" };
  });
  return [...resolved, ...imports];
}

/** @param env the deployment's variables, as the functions of the app see them. */
export function toEngineCode(code: DeployedCode, env: Record<string, string>): EngineCode {
  const { directory, app } = code;
  return {
    directory,
    env,
    nodeModules: nodeModules(code.modules),
    components: allMounts(app).map((mount) => toComponentCode(code, mount, env)),
  };
}

function toComponentCode(
  { analysis, modules, components }: DeployedCode,
  { path, definition, env: bindings, httpPrefix, children }: Mount,
  env: Record<string, string>,
): ComponentCode {
  const component = components.find(({ definitionPath }) => definitionPath === definition);
  const variables: Record<string, string> = {
    CONVEX_CLOUD_URL: env["CONVEX_CLOUD_URL"] ?? "",
    CONVEX_SITE_URL: `${env["CONVEX_SITE_URL"] ?? ""}${httpPrefix?.slice(0, -1) ?? ""}`,
  };
  for (const [name, binding] of Object.entries(bindings)) {
    const value = binding.type === "value" ? binding.value : env[binding.name];
    if (value !== undefined) variables[name] = value;
  }
  return {
    path,
    folder: mountFolder(path),
    modules: functionModules(component?.functions ?? modules),
    schema: definitionOf(analysis, definition).schema,
    env: path === "" ? null : variables,
    httpMounts: children
      .filter((child) => child.httpPrefix !== null)
      .map((child) => ({
        prefix: (child.httpPrefix ?? "").slice(httpPrefix === null ? 0 : httpPrefix.length - 1),
        child: child.path,
      })),
  };
}

/** The jobs of the app and of every mounted component. */
export function cronJobsOf({ app, analysis }: DeployedCode): CronJob[] {
  return allMounts(app).flatMap(({ path: component, definition }) =>
    definitionOf(analysis, definition).crons.map((job) => ({ ...job, component })),
  );
}

/**
 * All that a push brings: the changed modules, and from what is deployed those that it says are unchanged.
 *
 * @throws RequestError 400 for a push that relies on modules which this deployment does not have.
 */
export function pushedCode(
  { appDefinition, componentDefinitions, nodeDependencies }: StartPushRequest,
  deployed: readonly ModuleConfig[],
): PushedCode {
  const known = new Map(deployed.map((module) => [module.path, module]));
  const unchanged = appDefinition.unchangedModuleHashes.map(({ path, sha256 }) => {
    const module = known.get(path);
    if (module !== undefined && moduleHash(module) === sha256) return module;
    throw badRequest(
      "RaceDetected",
      `Hit an error while pushing:\n${path} is not the version that this deployment has. Push again.`,
    );
  });
  const { changedModules, schema, definition, udfServerVersion } = appDefinition;
  const modules = [...changedModules, ...unchanged];
  const files = [...modules, schema, definition].filter((module) => module !== null);
  const packages = nodeDependencies;
  return { modules, files, components: componentDefinitions, packages, udfServerVersion };
}

/** What an error calls a function, if it is an action that runs in Node; otherwise null. */
export function nodeActionOf(code: DeployedCode | null, path: string): string | null {
  const [module = "", name = ""] = path.split(":");
  const isNode = nodeModules(code?.modules ?? []).includes(`${module}.js`);
  return isNode ? `Action \`${name}\`` : null;
}
