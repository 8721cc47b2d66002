import { chmod, link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { newAdminKey } from "../authentication/adminKey.ts";

const FILE = "admin-key";

/**
 * The admin key of a folder's deployment, which stays the same from one start to the next. Its file is readable by this
 * user only.
 *
 * @param folder is made where it is missing.
 */
export async function adminKeyOf(folder: string): Promise<{ adminKey: string; path: string }> {
  const path = join(folder, FILE);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, `${newAdminKey()}\n`, { mode: 0o600 });
  try {
    // Whole or not at all, and never over a key that is there.
    await link(draft, path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
  await rm(draft);
  await chmod(path, 0o600);
  return { adminKey: (await readFile(path, "utf8")).trim(), path };
}
