import { OutboxInspector, resolveConfiguration } from "@klipstream/client";

import { ambientOf } from "../deployment/configuration.ts";
import { usageError } from "../command/cliError.ts";
import type { CliContext } from "../context.ts";

/**
 * Opens this machine's outbox for one look.
 *
 * @throws KlipstreamError when it cannot be opened.
 */
export async function withOutbox<T>(
  context: CliContext,
  work: (inspector: OutboxInspector) => T | Promise<T>,
): Promise<T> {
  const inspector = new OutboxInspector({}, ambientOf(context).place);
  try {
    return await work(inspector);
  } finally {
    inspector.close();
  }
}

/**
 * The deployments a command is about: the configured one, or every one that the outbox knows.
 *
 * @throws CliError when none is configured and `all` is not given.
 */
export function chooseDeployments(
  inspector: OutboxInspector,
  { all, context }: { all: boolean; context: CliContext },
): string[] {
  if (all) return inspector.stats().map(({ deployment }) => deployment);
  const { url } = resolveConfiguration({}, ambientOf(context).place);
  if (url.value === undefined)
    throw usageError(
      "CONVEX_URL is not set",
      "set it, or add --all for every deployment of this outbox",
    );
  return [url.value];
}
