/** A copy of the official suite in a folder outside this tree: nothing of it belongs here, as its licence is another. */
import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { version as convexVersion } from "convex";

const run = promisify(execFile);

/** The suite is public for the last time in the parent of this commit. */
const SUITE = "57a69075d~1:npm-packages/js-integration-tests";
const ARCHIVE = "suite.tar";

export type Omitted = { components: boolean; externalPackages: boolean };

/**
 * Writes the suite from a clone of get-convex/convex-backend into a folder, and installs what it needs from npm. A
 * folder that is used again keeps what is installed.
 *
 * @param mirror the git directory of the clone.
 * @param omitted what is taken out of the copy, so that the rest of it can be pushed.
 * @throws what git or npm says when it fails.
 */
export async function copySuite(mirror: string, folder: string, omitted: Omitted): Promise<void> {
  await mkdir(folder, { recursive: true });
  await run("git", ["-C", mirror, "archive", "--output", join(folder, ARCHIVE), SUITE]);
  await run("tar", ["-xf", ARCHIVE], { cwd: folder });
  const edit = (path: string, from: RegExp, to: string) => replaceIn(join(folder, path), from, to);
  // The suite lives in a monorepo, which has convex in the next folder, and jsdom somewhere.
  const installed = `"convex": "${convexVersion}", "jest-environment-jsdom": "^30.0.0"`;
  await edit("package.json", /"convex": "workspace:\*"/, installed);
  if (omitted.components) {
    await edit("convex/convex.config.ts", /^app\.use\(.*\);$/gm, "");
    await edit("convex/cleanUp.ts", /^.*ctx\.runMutation\(components\..*$/m, "");
  }
  if (omitted.externalPackages) {
    await edit("convex.json", /"externalPackages": \["\*"\]/, '"externalPackages": []');
    await rm(join(folder, "convex/actions/externalNodeDeps.ts"));
  }
  await run("npm", ["install", "--no-audit", "--no-fund"], { cwd: folder });
}

async function replaceIn(file: string, from: RegExp, to: string): Promise<void> {
  const text = await readFile(file, "utf8");
  const replaced = text.replace(from, to);
  if (replaced === text) throw new Error(`${file} is not the file that was expected: no ${from}.`);
  await writeFile(file, replaced);
}
