import { realpathSync, type Stats, statSync } from "node:fs";
import { resolve } from "node:path";

import { OutboxUnwritableError } from "../../errors.ts";
import { codeOf } from "./fileErrors.ts";

/**
 * The file that a path stands for.
 *
 * @throws OutboxUnwritableError when it is none, but a device, a folder or SQLite's name for no file at all.
 */
export function regularFile(path: string): string {
  const refuse = (what: string) =>
    new OutboxUnwritableError(
      `the outbox must be a regular file, and ${JSON.stringify(path)} is ${what}; set CONVEX_OUTBOX_PATH to a path on a local disk`,
    );
  if (path === "" || path === ":memory:") throw refuse("no file");
  if (path.startsWith("file:")) throw refuse("a URI");
  const real = realPathOf(path);
  const status = statSync(real, { throwIfNoEntry: false });
  if (status !== undefined && !status.isFile()) throw refuse(kindOf(status));
  return real;
}

/** Another process may set a damaged file aside at any moment: only this call says whether there is one. */
function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return resolve(path);
    throw error;
  }
}

function kindOf(status: Stats): string {
  if (status.isDirectory()) return "a folder";
  return status.isFIFO() || status.isSocket() ? "a pipe" : "a device";
}
