import { chmod, mkdir, open, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { z } from "zod";

export const INSTANCE_FOLDER = ".convex-local";

const instanceSchema = z.object({ pid: z.number() });

/** What a running deployment leaves for others to find, in `.convex-local/` of a folder. */
export type InstanceFolder = {
  /** Where the admin key is, readable by this user only. */
  adminKeyFile: string;
  /** Removes the key and lets another deployment start here. */
  release(): Promise<void>;
};

/** Another deployment runs in the same folder. */
export class SecondInstanceError extends Error {
  override readonly name = "SecondInstanceError";
}

/**
 * Claims a folder for one deployment, and writes its admin key there.
 *
 * @throws SecondInstanceError
 */
export async function claimInstanceFolder(cwd: string, adminKey: string): Promise<InstanceFolder> {
  const folder = join(cwd, INSTANCE_FOLDER);
  const instanceFile = join(folder, "instance.json");
  const adminKeyFile = join(folder, "admin-key");
  await mkdir(folder, { recursive: true });
  await claim(instanceFile);
  await writeFile(adminKeyFile, `${adminKey}\n`, { mode: 0o600 });
  // The mode above counts only for a new file.
  await chmod(adminKeyFile, 0o600);
  return {
    adminKeyFile,
    release: async () => {
      await rm(adminKeyFile, { force: true });
      await rm(instanceFile, { force: true });
    },
  };
}

async function claim(instanceFile: string): Promise<void> {
  const content = JSON.stringify({ pid: process.pid });
  try {
    await using file = await open(instanceFile, "wx");
    await file.writeFile(content);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    const pid = await ownerOf(instanceFile);
    if (pid !== null && isAlive(pid))
      throw new SecondInstanceError(
        `A local deployment runs in this folder already (process ${pid}). Stop it, or start this one in another folder.`,
      );
    // Left behind by a process that was killed.
    await writeFile(instanceFile, content);
  }
}

async function ownerOf(instanceFile: string): Promise<number | null> {
  try {
    return instanceSchema.parse(JSON.parse(await readFile(instanceFile, "utf8"))).pid;
  } catch {
    // Half written or removed meanwhile: nobody's.
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
