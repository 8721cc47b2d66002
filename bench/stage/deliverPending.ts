import { join } from "node:path";

import { backend as functions, ConvexManager } from "@klipstream/client";
import { ConvexHttpClient } from "convex/browser";

import { fillOutbox } from "./pendingOutbox.ts";
import { temporaryFolder } from "./temporaryFolder.ts";

const DELIVERY_MAX_MS = 120_000;

/** Where updates of these videos go. */
export type Target = { url: string; token: string; twitchIds: readonly string[] };

/**
 * Lets so many updates wait in an outbox, then opens it.
 *
 * @returns How long it takes from opening it until the last is acknowledged, in ms.
 * @throws Error where something is left.
 */
export async function deliverPending(to: Target, count: number): Promise<number> {
  using folder = temporaryFolder();
  const outboxPath = join(folder.path, "outbox.db");
  const { url, token } = to;
  await fillOutbox({ path: outboxPath, url, twitchIds: to.twitchIds, count });
  const startedAt = performance.now();
  const manager = new ConvexManager(
    { url, apiKey: token, logLevel: "silent", outboxPath },
    { place: { env: {}, cwd: folder.path } },
  );
  try {
    await manager.flush({ timeoutMs: DELIVERY_MAX_MS });
    const ms = performance.now() - startedAt;
    const { acknowledged, pending, deadLettered } = manager.stats();
    if (acknowledged === count) return ms;
    throw new Error(
      `${acknowledged} of ${count} are acknowledged, ${pending} wait, ${deadLettered} are refused`,
    );
  } finally {
    await manager.close({ timeoutMs: 0 });
  }
}

/** Sends the same with the raw client, one by one. @returns How long it takes, in ms. */
export async function sendOneByOne(
  { url, token, twitchIds }: Target,
  count: number,
): Promise<number> {
  const client = new ConvexHttpClient(url, { logger: false, auth: token });
  const startedAt = performance.now();
  for (let number = 0; number < count; number++)
    await client.mutation(functions.video.updateUrls, {
      twitchId: twitchIds[number % twitchIds.length]!,
      urls: { chatUrl: `https://files.example/raw-${number}.csv` },
    });
  return performance.now() - startedAt;
}
