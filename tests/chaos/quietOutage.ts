import { ConvexManager } from "@klipstream/client";
import { MemoryStore, VirtualClock } from "@klipstream/client/internals";

import type { Finding } from "./finding.ts";
import { Random } from "./random.ts";

const HOUR_MS = 3_600_000;
const CLIENTS = 1000;
const HEALED_AT_MS = 300_000;
/** The cap of the usual delay: over this time 1,000 clients could come back evenly. */
const SPREAD_SECONDS = 30;

function createManager(clock: VirtualClock, seed: number, onRequest: () => boolean): ConvexManager {
  const random = new Random(seed);
  const fetch: typeof globalThis.fetch = (_input, init) => {
    if (!onRequest()) return Promise.reject(new TypeError("fetch failed"));
    const { path, args } = JSON.parse(init?.body as string) as {
      path: string;
      args: [{ twitchId: string; updates?: { twitchId: string }[] }];
    };
    const applied = ({ twitchId }: { twitchId: string }) => ({
      success: true,
      outcome: "applied",
      videoId: "v1",
      twitchId,
      status: "Downloading",
    });
    const value = path.endsWith("recordUpdates") ? args[0].updates?.map(applied) : applied(args[0]);
    return Promise.resolve(new Response(JSON.stringify({ status: "success", value })));
  };
  return new ConvexManager(
    { url: "https://virtual.example", logLevel: "silent", waitMs: 0 },
    {
      clock,
      fetch,
      random: () => random.next(),
      store: new MemoryStore(),
      place: { env: {}, cwd: "/nonexistent" },
    },
  );
}

/** An hour without a backend in virtual time, while a pipeline reports at a steady pace. */
export async function countOutageRequests(seed: number, updates: number): Promise<Finding> {
  const clock = new VirtualClock();
  let requests = 0;
  const manager = createManager(clock, seed, () => {
    requests += 1;
    return clock.monotonic() >= HOUR_MS;
  });
  for (let update = 0; update < updates; update++) {
    await manager.updateVideoStatus(String(update % 10), "Downloading");
    await clock.advance(HOUR_MS / updates);
  }
  for (let second = 0; second < 3600 && manager.stats().pending > 0; second++)
    await clock.advance(1000);
  const perUpdate = requests / updates;
  return {
    promise: "an outage is quiet",
    how: `${updates} updates over a simulated hour, delivery afterwards included`,
    figure: `${perUpdate.toFixed(2)} requests per update`,
    kept: perUpdate <= 1.1 && manager.stats().pending === 0,
  };
}

/** 1,000 clients that lost their backend in the same instant, in virtual time: when they come back. */
export async function spreadHerd(seed: number): Promise<Finding> {
  const clock = new VirtualClock();
  const perSecond = new Map<number, number>();
  const managers = Array.from({ length: CLIENTS }, (_, client) =>
    createManager(clock, seed * CLIENTS + client, () => {
      if (clock.monotonic() < HEALED_AT_MS) return false;
      const second = Math.floor(clock.monotonic() / 1000);
      perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
      return true;
    }),
  );
  for (const manager of managers) await manager.updateVideoStatus("1", "Downloading");
  await clock.advance(HEALED_AT_MS + 610_000);
  const counts = [...perSecond.values()];
  const seconds = Math.max(...perSecond.keys()) - Math.min(...perSecond.keys()) + 1;
  const mean = CLIENTS / seconds;
  const peak = Math.max(...counts);
  const allBack = managers.every((manager) => manager.stats().pending === 0);
  return {
    promise: "clients do not come back all at once",
    how: `${CLIENTS} clients, healed after ${HEALED_AT_MS / 1000} simulated seconds`,
    figure: `peak second ${peak}, mean ${mean.toFixed(1)} over ${seconds} s`,
    kept: allBack && peak <= (2 * CLIENTS) / SPREAD_SECONDS,
  };
}
