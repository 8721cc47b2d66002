import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, normalize } from "node:path";

import { badRequest } from "../requestError.ts";
import { ExternalPackages } from "./externalPackages.ts";
import type { ModuleConfig, NodeDependency } from "./pushFormats.ts";

/** What tells one version of a module from another. */
export function moduleHash({ source, sourceMap }: ModuleConfig): string {
  return createHash("sha256")
    .update(source)
    .update(sourceMap ?? "")
    .digest("hex");
}

/** Modules by the folder that they are to be in. */
export type FolderModules = Record<string, readonly ModuleConfig[]>;

/**
 * Folders of modules to import. Each state of the code gets a new one, as Node never forgets a module that it has
 * imported.
 */
export class ModuleFolders {
  #root: Promise<string> | null = null;
  #count = 0;
  readonly #packages = new ExternalPackages(() => this.#makeRoot());

  /** @returns a new folder with the modules in it. */
  async write(modules: FolderModules): Promise<string> {
    const directory = join(await this.#makeRoot(), `code-${++this.#count}`);
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, "package.json"), '{"type":"module"}');
    await this.add(directory, modules);
    return directory;
  }

  async add(directory: string, modules: FolderModules): Promise<void> {
    for (const [folder, each] of Object.entries(modules))
      await Promise.all(each.map((module) => writeModule(join(directory, folder), module)));
  }

  /** Lets the modules in a directory import packages, which are installed if they are not yet. */
  async addPackages(directory: string, packages: readonly NodeDependency[]): Promise<void> {
    if (packages.length === 0) return;
    const installed = await this.#packages.install(packages);
    await symlink(installed, join(directory, "node_modules"), "junction");
  }

  #makeRoot(): Promise<string> {
    this.#root ??= mkdtemp(join(tmpdir(), "convex-local-"));
    return this.#root;
  }

  async remove(directory: string): Promise<void> {
    await rm(directory, { recursive: true, force: true });
  }

  async close(): Promise<void> {
    if (this.#root !== null) await this.remove(await this.#root);
  }
}

async function writeModule(folder: string, module: ModuleConfig): Promise<void> {
  const file = normalize(join(folder, module.path));
  if (!file.startsWith(folder))
    throw badRequest("InvalidModules", `${module.path} is not a path inside the functions folder.`);
  await mkdir(dirname(file), { recursive: true });
  if (module.sourceMap === undefined) {
    await writeFile(file, module.source);
    return;
  }
  await writeFile(`${file}.map`, module.sourceMap);
  const name = file.slice(file.lastIndexOf("/") + 1);
  await writeFile(file, `${module.source}\n//# sourceMappingURL=${name}.map\n`);
}
