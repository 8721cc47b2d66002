import type { EngineCode } from "../engine/messages.ts";
import type { Analysis } from "./analysisWorker.ts";
import type { ModuleConfig, StartPushRequest } from "./pushFormats.ts";
import { badRequest } from "../wire/requestError.ts";
import { moduleHash } from "./moduleFiles.ts";

/** One state of a project's code: what was pushed, and what is in it. */
export type DeployedCode = {
  modules: ModuleConfig[];
  /** The modules, and what else was pushed: schema and app definition. */
  files: ModuleConfig[];
  udfServerVersion: string;
  analysis: Analysis;
  /** The folder that the modules were written to. */
  directory: string;
};

const AUTH_CONFIG = "auth.config.js";

/** The modules that may define functions: all but shared chunks and the auth config. */
export function functionModules(modules: readonly ModuleConfig[]): string[] {
  return modules
    .map(({ path }) => path)
    .filter((path) => !path.startsWith("_deps/") && path !== AUTH_CONFIG)
    .sort();
}

/** The modules with `"use node"`. */
export function nodeModules(modules: readonly ModuleConfig[]): string[] {
  return modules.filter(({ environment }) => environment === "node").map(({ path }) => path);
}

export function hasAuthConfig(modules: readonly ModuleConfig[]): boolean {
  return modules.some(({ path }) => path === AUTH_CONFIG);
}

export function toEngineCode(code: DeployedCode, env: Record<string, string>): EngineCode {
  const { directory, modules, analysis } = code;
  return {
    directory,
    modules: functionModules(modules),
    nodeModules: nodeModules(modules),
    schema: analysis.schema,
    env,
  };
}

/**
 * All modules of a push: the changed ones, and from what is deployed those that the push says are unchanged.
 *
 * @throws RequestError 400 for a push that needs what this deployment does not have.
 */
export function modulesOfPush(
  { appDefinition, componentDefinitions, nodeDependencies }: StartPushRequest,
  deployed: readonly ModuleConfig[],
): ModuleConfig[] {
  if (componentDefinitions.length > 0)
    throw badRequest(
      "ComponentsNotSupported",
      "Hit an error while pushing:\nComponents are not supported by the local deployment. Use `npx convex dev` or a cloud deployment for a project with components.",
    );
  if (nodeDependencies.length > 0)
    throw badRequest(
      "ExternalPackagesNotSupported",
      `Hit an error while pushing:\nExternal packages (${nodeDependencies.map(({ name }) => name).join(", ")}) are not supported by the local deployment. Remove node.externalPackages from convex.json.`,
    );
  const known = new Map(deployed.map((module) => [module.path, module]));
  const unchanged = appDefinition.unchangedModuleHashes.map(({ path, sha256 }) => {
    const module = known.get(path);
    if (module !== undefined && moduleHash(module) === sha256) return module;
    throw badRequest(
      "RaceDetected",
      `Hit an error while pushing:\n${path} is not the version that this deployment has. Push again.`,
    );
  });
  return [...appDefinition.changedModules, ...unchanged];
}
