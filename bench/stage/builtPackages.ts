import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

import { temporaryFolder } from "./temporaryFolder.ts";

const PROJECT = join(import.meta.dirname, "../..");

/** The packages that users install, and where they are here. */
export const PACKAGES: Readonly<Record<string, string>> = {
  "@klipstream/contract": "packages/contract",
  "@klipstream/client": "packages/client",
  "@klipstream/cli": "apps/cli",
};

/** The packages as they are when they are installed: built, without a source file. */
export type BuiltPackages = {
  path: string;
  cli: string;
  folderOf: (name: string) => string;
};

let built: BuiltPackages | undefined;

/**
 * Builds the packages, once, and puts them into a folder as an install would, with links to what they need. It goes when this program ends.
 *
 * @throws Error with what the build printed.
 */
export function builtPackages(): BuiltPackages {
  return (built ??= buildPackages());
}

function buildPackages(): BuiltPackages {
  build(...Object.keys(PACKAGES));
  const folder = temporaryFolder();
  const modules = join(folder.path, "node_modules");
  const folderOf = (name: string) => join(modules, name);
  for (const [name, source] of Object.entries(PACKAGES))
    install(join(PROJECT, source), folderOf(name));
  // After the packages themselves: those are never linked to.
  for (const source of Object.values(PACKAGES)) linkDependencies(join(PROJECT, source), modules);
  return {
    path: folder.path,
    cli: join(folderOf("@klipstream/cli"), "dist/main.js"),
    folderOf,
  };
}

/** Runs the `build` script of packages. pnpm is there: it runs this program. */
export function build(...names: readonly string[]): void {
  const args = [...names.flatMap((name) => ["--filter", name]), "build"];
  const { status, stdout, stderr } = spawnSync("pnpm", args, { encoding: "utf8" });
  if (status !== 0)
    throw new Error(`${names.join(", ")} could not be built: ${stderr || stdout || "no pnpm"}`);
}

function install(source: string, target: string): void {
  mkdirSync(target, { recursive: true });
  cpSync(join(source, "dist"), join(target, "dist"), { recursive: true });
  const { publishConfig, ...manifest } = JSON.parse(
    readFileSync(join(source, "package.json"), "utf8"),
  ) as { publishConfig?: object };
  writeFileSync(join(target, "package.json"), JSON.stringify({ ...manifest, ...publishConfig }));
}

function linkDependencies(source: string, modules: string): void {
  const { dependencies = {}, peerDependencies = {} } = JSON.parse(
    readFileSync(join(source, "package.json"), "utf8"),
  ) as Partial<Record<"dependencies" | "peerDependencies", object>>;
  for (const name of Object.keys({ ...dependencies, ...peerDependencies })) {
    const link = join(modules, name);
    if (existsSync(link)) continue;
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(source, "node_modules", name), link);
  }
}

/** The size of all JavaScript in a folder, file by file. */
export function scriptsIn(folder: string): Buffer[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".js"))
    .map((name) => readFileSync(join(folder, name)));
}
