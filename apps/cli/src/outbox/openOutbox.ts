import { type DeploymentStats, OutboxInspector } from "@klipstream/client";

import type { CliContext } from "../context.ts";
import { ambientOf, requireUrl } from "../deployment/configuration.ts";

/**
 * Opens this machine's outbox for some work, and closes it.
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
 * The deployments that a command is about: the configured one, or all that the outbox knows.
 *
 * @throws CliError when none is configured and `all` is not given.
 */
export function chooseDeployments(
  inspector: OutboxInspector,
  { all, context }: { all: true | undefined; context: CliContext },
): string[] {
  if (all === true) return inspector.stats().map(({ deployment }) => deployment);
  return [requireUrl(context, "set it, or add --all for every deployment of this outbox")];
}

/** Whether the invariant holds: every accepted update was acknowledged, waits, or is a dead letter. */
export function isBalanced(stats: DeploymentStats): boolean {
  return stats.accepted === stats.acknowledged + stats.pending + stats.deadLettered;
}
