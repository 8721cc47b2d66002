import { chmod, mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { text as readText } from "node:stream/consumers";

import { CliError, usageError } from "../command/cliError.ts";
import { EXIT_CODES } from "../command/exitCodes.ts";
import type { CliContext } from "../context.ts";
import { quote } from "../output/text.ts";

const OTHERS = 0o077;

/**
 * Reads a secret from a file that only its owner can read, or from stdin.
 *
 * @param source - A path, or `-` for stdin.
 * @throws CliError when the file is missing or others may read it. It names the command that mends it.
 */
export async function readSecret(source: string, context: CliContext): Promise<string> {
  if (source !== "-") return (await readSecretFile(resolve(context.folder, source))).trim();
  const text = (await readText(context.stdin)).trim();
  if (text === "") throw usageError("stdin is empty");
  return text;
}

/** @throws CliError as {@link readSecret} does. */
export async function readSecretFile(path: string): Promise<string> {
  try {
    const { mode } = await stat(path);
    if (process.platform !== "win32" && (mode & OTHERS) !== 0)
      throw new CliError(
        `${path} holds a secret, and other users may read it (mode ${(mode & 0o777).toString(8)})`,
        { remedy: `chmod 600 ${shellWord(path)}` },
      );
    return await readFile(path, "utf8");
  } catch (error) {
    throw isMissing(error)
      ? new CliError(`${path} does not exist`, { exitCode: EXIT_CODES.NOT_FOUND, cause: error })
      : error;
  }
}

/** Writes a secret. At no moment can others read it, and the file is never half written. */
export async function writeSecretFile(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.new`;
  await writeFile(draft, content, { mode: 0o600, flag: "wx" });
  // The umask may have taken rights away from the mode at creation.
  await chmod(draft, 0o600);
  await rename(draft, path);
}

export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** A text as one word of a POSIX shell, in quotes where it needs them. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : quote(text);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
