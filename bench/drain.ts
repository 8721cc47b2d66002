import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { backend, ConvexManager } from "@klipstream/client";
import { ConvexHttpClient } from "convex/browser";

import { type Backend, startBackend } from "./startBackend.ts";

const VIDEOS = 200;

export type Drain = {
  updates: number;
  /** Updates per second of this client, with all of them pending at the start. */
  clientPerSecond: number;
  /** Updates per second of the raw client, one by one. */
  rawPerSecond: number;
  ratio: number;
  /** Updates per second accepted into the outbox while the backend was away. */
  acceptedPerSecond: number;
};

/**
 * How fast pending updates are delivered once the backend is back, against the raw client sending updates one by one.
 *
 * @param options.updates - How many are pending.
 * @param options.rawUpdates - How many the raw client sends.
 * @param options.networkMs - How far away the backend is: each request waits this long before it is served.
 */
export async function measureDrain({
  updates,
  rawUpdates,
  networkMs,
}: {
  updates: number;
  rawUpdates: number;
  networkMs: number;
}): Promise<Drain> {
  const running = await startBackend();
  try {
    const raw = new ConvexHttpClient(running.deployment.url, {
      logger: false,
      auth: running.token,
    });
    for (let video = 0; video < 2 * VIDEOS; video++)
      await raw.mutation(backend.video.create, { twitchId: String(1000 + video) });
    if (networkMs > 0)
      running.deployment.faults.set([{ delayMs: networkMs, path: "/api/mutation" }]);
    const rawPerSecond = await measureRaw(raw, rawUpdates);
    const { clientPerSecond, acceptedPerSecond } = await measureClient(running, updates);
    const ratio = clientPerSecond / rawPerSecond;
    return { updates, clientPerSecond, rawPerSecond, ratio, acceptedPerSecond };
  } finally {
    await running.deployment.close();
  }
}

function updateOf(count: number, firstVideo: number) {
  const twitchId = String(firstVideo + (count % VIDEOS));
  return { twitchId, urls: { chatUrl: `https://files.example/${count}.csv` } };
}

async function measureRaw(raw: ConvexHttpClient, updates: number): Promise<number> {
  const startedAt = performance.now();
  for (let count = 0; count < updates; count++)
    await raw.mutation(backend.video.updateUrls, {
      ...updateOf(count, 1000),
      updateId: `raw-${count}`,
      occurredAt: Date.now(),
    });
  return perSecond(updates, startedAt);
}

async function measureClient({ deployment, apiKey }: Backend, updates: number) {
  const folder = mkdtempSync(join(tmpdir(), "klipstream-bench-"));
  await deployment.disconnect();
  const manager = new ConvexManager(
    { url: deployment.url, apiKey, logLevel: "silent", outboxPath: join(folder, "outbox.db") },
    { place: { env: {}, cwd: folder } },
  );
  const acceptedAt = performance.now();
  for (let count = 0; count < updates; count++) {
    const { twitchId, urls } = updateOf(count, 1000 + VIDEOS);
    await manager.updateVideoUrls(twitchId, urls, { waitMs: 0 });
  }
  const acceptedPerSecond = perSecond(updates, acceptedAt);
  await deployment.reconnect();
  const startedAt = performance.now();
  const { delivered } = await manager.flush({ timeoutMs: 600_000 });
  const clientPerSecond = perSecond(updates, startedAt);
  const { acknowledged } = manager.stats();
  await manager.close();
  rmSync(folder, { recursive: true, force: true });
  if (!delivered || acknowledged !== updates)
    throw new Error(`only ${acknowledged} of ${updates} updates were acknowledged`);
  return { clientPerSecond, acceptedPerSecond };
}

function perSecond(count: number, startedAt: number): number {
  return (count * 1000) / (performance.now() - startedAt);
}
