import { ConvexManager, type Logger } from "@klipstream/client";

import { CliError } from "../command/cliError.ts";
import type { Cli } from "../command/command.ts";
import { EXIT_CODES } from "../command/exitCodes.ts";
import type { CliContext } from "../context.ts";
import { ambientOf } from "./configuration.ts";

/** What the client's log said of the way to the backend. */
export type DeliveryNews = {
  /** The last refusal of the credentials, or null. */
  credentialsRefused: string | null;
  /** The last failed delivery, or null. */
  failure: string | null;
};

type Opened = { manager: ConvexManager; news: DeliveryNews };

/**
 * Opens a manager for one command. Its log is not printed: the news is read from it.
 *
 * @param options.waitMs - How long an update waits for the backend's answer, in ms.
 */
export function openManager(context: CliContext, options: { waitMs: number }): Opened {
  const news: DeliveryNews = { credentialsRefused: null, failure: null };
  const manager = new ConvexManager({ ...options, logger: newsReader(news) }, ambientOf(context));
  return { manager, news };
}

/** Opens a manager as {@link openManager} does, and closes it after the work. What is not delivered then stays in the outbox. */
export async function withManager<T>(
  context: CliContext,
  options: { waitMs: number },
  work: (opened: Opened) => Promise<T>,
): Promise<T> {
  const opened = openManager(context, options);
  try {
    return await work(opened);
  } finally {
    await opened.manager.close({ timeoutMs: 0 });
  }
}

/**
 * Says why an update waits, and sets the exit code for it.
 *
 * @throws CliError when the deployment refused the credentials.
 */
export function explainQueued(cli: Cli, news: DeliveryNews): void {
  if (news.credentialsRefused !== null)
    throw new CliError(news.credentialsRefused, {
      exitCode: EXIT_CODES.CREDENTIALS_REFUSED,
      remedy: "see `klipstream doctor`, then `klipstream outbox drain`",
    });
  cli.exitCode = EXIT_CODES.QUEUED;
  cli.output.talk(
    `queued: ${news.failure ?? "no answer in time"}`,
    "  -> it is safe in the outbox and goes out with the next update, or with `klipstream outbox drain`",
  );
}

function newsReader(news: DeliveryNews): Logger {
  const read = (fields: Record<string, unknown>, message: string) => {
    if (fields["event"] === "auth.refused") news.credentialsRefused = message;
    if (fields["event"] === "auth.accepted") news.credentialsRefused = null;
    if (fields["event"] === "delivery.failed") news.failure = message;
  };
  return { debug: read, info: read, warn: read, error: read };
}
