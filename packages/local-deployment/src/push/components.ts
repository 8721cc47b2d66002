import type { ComponentPath } from "../documents/componentTables.ts";
import { badRequest, type RequestError } from "../requestError.ts";
import type { Analysis, DefinitionAnalysis } from "./analysisWorker.ts";
import type { AnalyzedModule, EnvBinding } from "./pushFormats.ts";

/** The app, or one place in it at which a component is installed. */
export type Mount = {
  path: ComponentPath;
  /** The path of its definition; `""` for the app. */
  definition: string;
  /** What its declared variables are: a text, or the deployment's variable of that name. */
  env: Record<string, EnvBinding>;
  /** The path of the deployment's site below which its HTTP actions are, or null if it has none there. */
  httpPrefix: string | null;
  children: Mount[];
};

const CHILD = "_reference/childComponent/";

/**
 * Installs the components as the app, and they themselves, say.
 *
 * @throws RequestError 400 for a component that cannot be installed as it is asked for.
 */
export function mountComponents(analysis: Analysis): Mount {
  return mount(analysis, { path: "", definition: "", env: {}, httpPrefix: null });
}

/** A mount and all that is below it, parents first. */
export function allMounts(mount: Mount): Mount[] {
  return [mount, ...mount.children.flatMap(allMounts)];
}

export function definitionOf(analysis: Analysis, path: string): DefinitionAnalysis {
  const found = path === "" ? analysis : analysis.components[path];
  if (found !== undefined) return found;
  throw refusal(`Component definition not found: ${path}`);
}

function mount(analysis: Analysis, own: Omit<Mount, "children">): Mount {
  const { definition } = definitionOf(analysis, own.definition);
  const prefixes = new Map<string, string>();
  for (const [prefix, reference] of Object.entries(definition.httpMounts))
    prefixes.set(reference.slice(CHILD.length), prefix);
  const names = new Set<string>();
  const children = definition.childComponents.map(({ name, path, env }) => {
    if (names.has(name))
      throw refusal(`There are several components with the name ${JSON.stringify(name)}.`);
    names.add(name);
    const childPath = own.path === "" ? name : `${own.path}/${name}`;
    const prefix = prefixes.get(name);
    if (prefix !== undefined) requireRoutes(definitionOf(analysis, path), prefix, childPath);
    return mount(analysis, {
      path: childPath,
      definition: path,
      env: bindVariables(analysis, { parent: own, child: path, childPath }, env ?? []),
      httpPrefix: prefix === undefined ? null : `${own.httpPrefix?.slice(0, -1) ?? ""}${prefix}`,
    });
  });
  return { ...own, children };
}

function requireRoutes(child: DefinitionAnalysis, prefix: string, path: ComponentPath): void {
  const { functions, definition } = child;
  if (functions["http.js"] !== undefined || Object.keys(definition.httpMounts).length > 0) return;
  throw refusal(`HTTP mount "${prefix}" is invalid: component "${path}" has no HTTP routes.`);
}

function bindVariables(
  analysis: Analysis,
  {
    parent,
    child,
    childPath,
  }: { parent: Omit<Mount, "children">; child: string; childPath: string },
  given: [string, EnvBinding][],
): Record<string, EnvBinding> {
  const declared = new Map(definitionOf(analysis, child).definition.envVars);
  const parents = new Map(definitionOf(analysis, parent.definition).definition.envVars);
  const bound: Record<string, EnvBinding> = {};
  for (const [name, binding] of given) {
    if (!declared.has(name))
      throw refusal(`Component "${childPath}" has no env var named "${name}".`);
    if (binding.type === "value") bound[name] = binding;
    else if (!parents.has(binding.name))
      throw refusal(
        `Component "${childPath}" env var "${name}" references undeclared parent env var "${binding.name}".`,
      );
    else {
      const resolved = parent.path === "" ? binding : parent.env[binding.name];
      if (resolved !== undefined) bound[name] = resolved;
    }
  }
  const names = new Set(given.map(([name]) => name));
  for (const [name, { optional }] of declared)
    if (optional !== true && !names.has(name))
      throw refusal(`Component "${childPath}" is missing required env var "${name}".`);
  return bound;
}

function refusal(message: string): RequestError {
  return badRequest("TypecheckError", `Hit an error while pushing:\n${message}`);
}

/** The public functions of modules as a tree: folders, modules, functions. */
export type ExportTree = { [name: string]: ExportTree | string };

/** @returns a tree whose leaves are paths such as `folder/module.js:name`. */
export function exportedFunctions(modules: Record<string, AnalyzedModule>): ExportTree {
  const tree: ExportTree = {};
  for (const [path, { functions }] of Object.entries(modules))
    for (const { name, visibility } of functions) {
      if (visibility.kind !== "public") continue;
      let branch = tree;
      for (const part of path.replace(/\.js$/, "").split("/")) {
        const next = (branch[part] ??= {});
        if (typeof next === "string")
          throw refusal(`${path}:${name} conflicts with an export of the same path.`);
        branch = next;
      }
      branch[name] = `${path}:${name}`;
    }
  return tree;
}
