import { readFile } from "node:fs/promises";

import type { z } from "zod";

import { isMissing } from "./missingFile.ts";
import { VodFolderError, type VodFolderProblem } from "./vodFolderError.ts";

/** Which problem a JSON file of a VOD folder has when it is absent, and when it is not as it must be. */
type Problems = { missing: VodFolderProblem; broken: VodFolderProblem };

/**
 * Reads a JSON file of a VOD folder.
 *
 * @param what - What the file is, for the message: `a chat log in TwitchDownloader's JSON format`.
 * @throws VodFolderError where the file is absent, is no JSON, or does not fit the schema.
 */
export async function readJson<T>(
  file: string,
  schema: z.ZodType<T>,
  { what, problems }: { what: string; problems: Problems },
): Promise<T> {
  const parsed = schema.safeParse(parseJson(await readText(file), file, problems.broken));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.join(".") ?? "";
  const why = `${where === "" ? "" : `${where}: `}${issue?.message ?? "it does not fit"}`;
  throw new VodFolderError(problems.broken, `${file} is not ${what}: ${why}`);

  async function readText(path: string): Promise<string> {
    try {
      return await readFile(path, "utf8");
    } catch (cause) {
      if (!isMissing(cause)) throw cause;
      throw new VodFolderError(problems.missing, `${path} is missing: it must be ${what}`, {
        cause,
      });
    }
  }
}

function parseJson(text: string, file: string, broken: VodFolderProblem): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.replaceAll(/\s+/g, " ") : String(cause);
    throw new VodFolderError(broken, `${file} is not JSON: ${why}`, { cause });
  }
}
