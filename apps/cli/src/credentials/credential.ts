import { resolveConfiguration } from "@klipstream/client";

import { usageError } from "../command/cliError.ts";
import type { CliContext } from "../context.ts";
import { readSecret } from "./secretFile.ts";

/**
 * The credential a command is about: from a file or stdin (`-`) where one is named, else the configured one.
 *
 * @throws CliError when there is none, or its file is readable by others.
 */
export async function readCredential(
  source: string | undefined,
  context: CliContext,
): Promise<string> {
  if (source !== undefined) return await readSecret(source, context);
  const { apiKey } = resolveConfiguration(
    {},
    { env: { ...context.environment }, cwd: context.folder },
  );
  if (apiKey.value !== undefined) return apiKey.value;
  throw usageError(
    "CONVEX_API_KEY is not set",
    "set it, name a file, or pass the key on stdin with -",
  );
}
