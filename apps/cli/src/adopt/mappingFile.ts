import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";

import { adoptionMappingSchema, checkInput, describeIssues } from "@klipstream/contract";
import { z } from "zod";

import { usageError } from "../command/cliError.ts";
import type { CliContext } from "../context.ts";
import { parseJson } from "../deployment/answers.ts";

/** The mapping file while it is being written: null stands where the operator has to choose. */
const draftSchema = adoptionMappingSchema.extend({
  statuses: z.record(z.string(), adoptionMappingSchema.shape.statuses.valueType.nullable()),
});
export type DraftMapping = z.infer<typeof draftSchema>;

/**
 * Reads the mapping file; where there is none, an empty mapping.
 *
 * @throws CliError for a file that is not a mapping.
 */
export async function readMappingFile(path: string, { folder }: CliContext): Promise<DraftMapping> {
  const file = resolve(folder, path);
  if (!existsSync(file)) return { statuses: {}, urls: {} };
  const checked = checkInput(draftSchema, parseJson(await readFile(file, "utf8")));
  if (!checked.ok)
    throw usageError(
      `${path} is not a mapping file: ${describeIssues(checked.issues)}`,
      "correct it",
    );
  return checked.value;
}

/** @returns Whether the file was changed. */
export async function writeMappingFile(
  path: string,
  mapping: DraftMapping,
  { folder }: CliContext,
): Promise<boolean> {
  const file = resolve(folder, path);
  const text = `${JSON.stringify(mapping, null, 2)}\n`;
  if (existsSync(file) && (await readFile(file, "utf8")) === text) return false;
  await writeFile(file, text);
  return true;
}
