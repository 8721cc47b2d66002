import { type Configuration, resolveConfiguration } from "@klipstream/client";

import { usageError } from "../command/cliError.ts";
import type { CliContext } from "../context.ts";

/** What surrounds this program, as the client wants it. */
export function ambientOf({ fetch, environment, folder, onStep }: CliContext) {
  return { fetch, place: { env: { ...environment }, cwd: folder }, ...(onStep && { onStep }) };
}

/** The settings that the client finds here. @throws ConfigurationError */
export function configurationOf(context: CliContext): Configuration {
  return resolveConfiguration({}, ambientOf(context).place);
}

/**
 * The address of the configured deployment.
 *
 * @param remedy - What to do where there is none.
 * @throws CliError where there is none.
 */
export function requireUrl(context: CliContext, remedy = "see `klipstream doctor`"): string {
  const { value } = configurationOf(context).url;
  if (value === undefined) throw usageError("CONVEX_URL is not set", remedy);
  return value;
}
