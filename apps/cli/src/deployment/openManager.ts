import { ConvexManager, type Logger } from "@klipstream/client";

import type { CliContext } from "../context.ts";
import { ambientOf } from "./configuration.ts";

/** What the client's log said of the way to the backend. */
export type DeliveryNews = {
  /** The last refusal of the credentials, or null. */
  credentialsRefused: string | null;
  /** The last failed delivery, or null. */
  failure: string | null;
};

/** A manager for one command: its log is read for what the operator must know, instead of being printed. */
export function openManager(
  context: CliContext,
  options: { waitMs: number },
): { manager: ConvexManager; news: DeliveryNews } {
  const news: DeliveryNews = { credentialsRefused: null, failure: null };
  const manager = new ConvexManager({ ...options, logger: newsReader(news) }, ambientOf(context));
  return { manager, news };
}

function newsReader(news: DeliveryNews): Logger {
  const read = (fields: Record<string, unknown>, message: string) => {
    if (fields["event"] === "auth.refused") news.credentialsRefused = message;
    if (fields["event"] === "auth.accepted") news.credentialsRefused = null;
    if (fields["event"] === "delivery.failed") news.failure = message;
  };
  return { debug: read, info: read, warn: read, error: read };
}
