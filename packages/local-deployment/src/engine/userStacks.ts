import { findSourceMap } from "node:module";
import { relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** The code whose files functions and their authors shall know by the names that they have in the project. */
export type UserCode = {
  /** The folder of this machine that the code was written to. */
  directory: string;
  /** Paths of the modules with `"use node"`. */
  nodeModules: readonly string[];
};

const FUNCTIONS_FOLDER = "convex";
let code: UserCode | null = null;
/** The frames of an error in the user's own code, by the error. */
const ownFrames = new WeakMap<object, string>();

/**
 * Lets `Error.stack` name no folder of this machine: it shows a file as the real backend does, which is by its source
 * or, in a module with `"use node"`, as `convex:/user/...`. Concerns the whole thread.
 */
export function showUserStacks(of: UserCode): void {
  code = of;
  Error.prepareStackTrace = (error, sites) => {
    const frames = sites.map(frameOf).filter((frame) => frame !== null);
    const own = frames.filter(({ isOwn }) => isOwn).map(({ source }) => `${source}\n`);
    ownFrames.set(error, own.join(""));
    return [headerOf(error), ...frames.map(({ shown }) => shown)].join("\n");
  };
}

/** The frames of an error that are in the user's own code, as lines. */
export function ownFramesOf(error: Error): string {
  // The frames are made when the stack is first asked for.
  return error.stack === undefined ? "" : (ownFrames.get(error) ?? "");
}

/** A line for `Error.stack`, and one for whoever is told of the error. */
type Frame = { shown: string; source: string; isOwn: boolean };

function frameOf(site: NodeJS.CallSite): Frame | null {
  const file = site.getFileName() ?? "";
  const place = { line: site.getLineNumber() ?? 0, column: site.getColumnNumber() ?? 0 };
  const at = (location: string) => lineOf(site, location);
  if (file.startsWith("node:")) {
    const shown = at(`${file}:${place.line}:${place.column}`);
    return { shown, source: shown, isOwn: false };
  }
  const path = file.startsWith("file:") ? fileURLToPath(file) : file;
  const module =
    code === null ? path : relative(`${code.directory}${sep}${FUNCTIONS_FOLDER}`, path);
  if (code === null || !path.startsWith(code.directory + sep)) return null;
  const original = sourceOf(path, place);
  const source = at(
    `../${relative(code.directory, original.path)}:${original.line}:${original.column}`,
  );
  const isNode = code.nodeModules.includes(module) || module.startsWith("_deps/node/");
  const isOwn =
    original.path.startsWith(code.directory + sep) && !original.path.includes("/node_modules/");
  const shown = isNode ? at(`convex:/user/${module}:${place.line}:${place.column}`) : source;
  return { shown, source, isOwn };
}

function lineOf(site: NodeJS.CallSite, location: string): string {
  const name = site.getFunctionName() ?? site.getMethodName() ?? "<anonymous>";
  const isAsync = "isAsync" in site && (site as { isAsync(): boolean }).isAsync();
  const how = `${isAsync ? "async " : ""}${site.isConstructor() ? "new " : ""}`;
  return `    at ${how}${name} (${location})`;
}

type Place = { line: number; column: number };

/** Where the author wrote what is at a place of a bundled file. */
function sourceOf(path: string, place: Place): Place & { path: string } {
  const entry = findSourceMap(path)?.findEntry(place.line - 1, place.column - 1);
  if (entry === undefined || !("originalSource" in entry)) return { path, ...place };
  const { originalSource, originalLine, originalColumn } = entry;
  return {
    path: originalSource.startsWith("file:") ? fileURLToPath(originalSource) : originalSource,
    line: originalLine + 1,
    column: originalColumn + 1,
  };
}

function headerOf(error: Error): string {
  try {
    return String(error);
  } catch {
    // The author's own toString() may throw.
    return "Error";
  }
}
