import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { badRequest } from "../requestError.ts";
import type { NodeDependency } from "./pushFormats.ts";

const INSTALL_LIMIT_MS = 5 * 60 * 1000;
const INSTALL = ["install", "--no-audit", "--no-fund", "--omit=dev", "--loglevel=error"];

/** Installs what `node.externalPackages` leaves out of the bundles, once for each set of versions. */
export class ExternalPackages {
  readonly #root: () => Promise<string>;
  readonly #installed = new Map<string, Promise<string>>();

  /** @param root the folder that they are to be in. */
  constructor(root: () => Promise<string>) {
    this.#root = root;
  }

  /**
   * @returns the `node_modules` that has them.
   * @throws RequestError 400 with what npm says.
   */
  async install(packages: readonly NodeDependency[]): Promise<string> {
    const versions = Object.fromEntries(packages.map(({ name, version }) => [name, version]));
    const key = JSON.stringify(Object.entries(versions).sort());
    let installed = this.#installed.get(key);
    if (installed === undefined) {
      installed = installInto(
        join(await this.#root(), `packages-${this.#installed.size}`),
        versions,
      );
      this.#installed.set(key, installed);
    }
    try {
      return await installed;
    } catch (error) {
      this.#installed.delete(key);
      throw error;
    }
  }
}

async function installInto(folder: string, versions: Record<string, string>): Promise<string> {
  await mkdir(folder, { recursive: true });
  const manifest = { name: "external-packages", private: true, dependencies: versions };
  await writeFile(join(folder, "package.json"), JSON.stringify(manifest));
  try {
    // On Windows npm is a script, which only a shell runs.
    const shell = process.platform === "win32";
    await promisify(execFile)("npm", INSTALL, { cwd: folder, timeout: INSTALL_LIMIT_MS, shell });
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim();
    const reason = said === undefined || said === "" ? String(error) : said;
    const names = Object.entries(versions).map(([name, version]) => `${name}@${version}`);
    throw badRequest(
      "ExternalPackagesNotInstalled",
      `Hit an error while pushing:\nnpm could not install the external packages ${names.join(", ")}: ${reason}`,
    );
  }
  return join(folder, "node_modules");
}
