import { type Configuration, KlipstreamError, type OutboxInspector } from "@klipstream/client";
import { formatDuration } from "@klipstream/contract";

import type { CliContext } from "../context.ts";
import { isBalanced, withOutbox } from "../outbox/openOutbox.ts";
import { failed, type Finding, ok, warning } from "./diagnosis.ts";

/** How long an entry may wait, in ms, before that counts as a problem. */
const OLD_MS = 600_000;

/** Whether the outbox can be written, and what it holds. */
export async function checkOutbox(
  { outboxPath }: Configuration,
  context: CliContext,
): Promise<Finding> {
  try {
    return await withOutbox(context, (inspector) => {
      // Takes the write lock and changes nothing: reading works in a read-only folder, too.
      inspector.redrive("", []);
      return describeBooks(inspector, context.now());
    });
  } catch (error) {
    return describeError(error, outboxPath.value);
  }
}

function describeBooks(inspector: OutboxInspector, now: number): Finding {
  const stats = inspector.stats();
  const broken = stats.find((one) => !isBalanced(one));
  if (broken !== undefined)
    return failed(
      `the books of ${broken.deployment} do not add up`,
      "klipstream outbox export > outbox.jsonl, and report it",
    );
  const pending = stats.reduce((sum, one) => sum + one.pending, 0);
  const dead = stats.reduce((sum, one) => sum + one.deadLettered, 0);
  const oldest = Math.min(...stats.map(({ oldestAcceptedAt }) => oldestAcceptedAt ?? Infinity));
  const where = `${inspector.path}: ${pending} pending, ${dead} dead`;
  if (dead > 0) return warning(where, "klipstream outbox dead");
  if (now - oldest >= OLD_MS)
    return warning(
      `${where}; the oldest has waited ${formatDuration(now - oldest)}`,
      "klipstream outbox drain",
    );
  return ok(where);
}

function describeError(error: unknown, path: string): Finding {
  if (!(error instanceof KlipstreamError)) throw error;
  const remedy =
    error.code === "OUTBOX_VERSION"
      ? "update klipstream and the pipelines on this machine"
      : `make ${path} and its folder writable for this user, or set CONVEX_OUTBOX_PATH to a writable place`;
  return failed(error.message, remedy);
}
