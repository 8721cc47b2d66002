import type { UpdateResult } from "@klipstream/client";

import { CliError } from "../command/cliError.ts";
import type { Cli } from "../command/command.ts";
import { EXIT_CODES } from "../command/exitCodes.ts";
import { type DeliveryNews, openManager } from "../deployment/openManager.ts";

type Manager = ReturnType<typeof openManager>["manager"];

/** How long a command waits for the backend's acknowledgement, in ms, before it says "queued". */
const WAIT_MS = 10_000;

/**
 * Hands one update to the outbox, waits for what becomes of it, prints that, and sets the exit code.
 *
 * @throws CliError when the update is rejected.
 */
export async function reportUpdate(
  cli: Cli,
  { json, update }: { json: boolean; update: (manager: Manager) => Promise<UpdateResult> },
): Promise<void> {
  const { manager, news } = openManager(cli.context, { waitMs: WAIT_MS });
  try {
    const result = await update(manager);
    if (!result.ok) throw result.error;
    if (json) cli.output.json({ ...result, ...whyQueued(result, news) });
    else cli.output.data(`${result.twitchId}: ${result.outcome}`);
    if (result.outcome === "queued") explainQueued(cli, news);
  } finally {
    await manager.close({ timeoutMs: 0 });
  }
}

/** Says why an update waits, and sets the exit code that goes with it. */
export function explainQueued(cli: Cli, news: DeliveryNews): void {
  const { output } = cli;
  if (news.credentialsRefused !== null) {
    throw new CliError(news.credentialsRefused, {
      exitCode: EXIT_CODES.CREDENTIALS_REFUSED,
      remedy: "see `klipstream doctor`, then `klipstream outbox drain`",
    });
  }
  cli.exitCode = EXIT_CODES.QUEUED;
  output.talk(
    `queued: ${news.failure ?? "no answer in time"}`,
    "  -> it is safe in the outbox and goes out with the next update, or with `klipstream outbox drain`",
  );
}

function whyQueued({ outcome }: UpdateResult, news: DeliveryNews): { reason?: string } {
  const reason = news.credentialsRefused ?? news.failure;
  return outcome === "queued" && reason !== null ? { reason } : {};
}
