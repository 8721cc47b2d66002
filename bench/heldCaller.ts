import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { backend, ConvexManager } from "@klipstream/client";
import { ConvexHttpClient } from "convex/browser";

const UPDATES = 100;

/** The seed's loop is run at a hundredth of its times: 33 s for each of 100 updates would take an hour. */
const SEED_SCALE = 100;
const SEED_TIMEOUT_MS = 10_000;
const SEED_PAUSES_MS = [1000, 2000];
const SEED_UPDATES = 10;

/** How long the raw client is watched; it has no timeout of its own, its `fetch` gives up after 300 s. */
const RAW_WATCHED_MS = 5000;

export type HeldCaller = {
  updates: number;
  /** The whole time that this client held its caller, in milliseconds, the discovery of the outage included. */
  clientMs: number;
  /** The same per update, once the outage was known. */
  clientKnownP50Ms: number;
  clientKnownP99Ms: number;
  /** The control: a bare 4 KiB write with fdatasync on the same disk, in turn with the updates. */
  bareWriteP50Ms: number;
  bareWriteP99Ms: number;
  /** Per update, scaled up. */
  seedPerUpdateMs: number;
  /** One update, at least. */
  rawAtLeastMs: number;
};

/** How long a caller is held by a backend that takes connections and never answers. */
export async function measureHeldCaller(): Promise<HeldCaller> {
  const sockets = new Set<Socket>();
  const blackHole = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => blackHole.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(blackHole.address() as AddressInfo).port}`;
  try {
    return {
      updates: UPDATES,
      ...(await measureClient(url)),
      seedPerUpdateMs: await measureSeed(url),
      rawAtLeastMs: await measureRaw(url),
    };
  } finally {
    for (const socket of sockets) socket.destroy();
    blackHole.close();
  }
}

async function measureClient(url: string) {
  const folder = mkdtempSync(join(tmpdir(), "klipstream-bench-"));
  const manager = new ConvexManager(
    { url, logLevel: "silent", outboxPath: join(folder, "outbox.db") },
    { place: { env: {}, cwd: folder } },
  );
  const times: number[] = [];
  const bare: number[] = [];
  const file = openSync(join(folder, "control"), "w");
  const block = Buffer.alloc(4096);
  for (let update = 0; update < UPDATES; update++) {
    const startedAt = performance.now();
    await manager.updateVideoStatus(String(update % 10), "Downloading");
    times.push(performance.now() - startedAt);
    const writeStartedAt = performance.now();
    writeSync(file, block);
    fdatasyncSync(file);
    bare.push(performance.now() - writeStartedAt);
  }
  closeSync(file);
  // The first one discovers the outage.
  const known = times.slice(1);
  await manager.close({ timeoutMs: 0 });
  rmSync(folder, { recursive: true, force: true });
  return {
    clientMs: times.reduce((sum, ms) => sum + ms, 0),
    clientKnownP50Ms: percentile(known, 0.5),
    clientKnownP99Ms: percentile(known, 0.99),
    bareWriteP50Ms: percentile(bare, 0.5),
    bareWriteP99Ms: percentile(bare, 0.99),
  };
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Infinity;
}

/** 3 attempts of 10 s, with pauses of 1 s and 2 s: what the Python original does. */
async function measureSeed(url: string): Promise<number> {
  const startedAt = performance.now();
  for (let update = 0; update < SEED_UPDATES; update++)
    for (let attempt = 0; attempt < 3; attempt++) {
      await fetch(`${url}/api/mutation`, {
        method: "POST",
        body: "{}",
        signal: AbortSignal.timeout(SEED_TIMEOUT_MS / SEED_SCALE),
      }).catch(() => undefined);
      await pause((SEED_PAUSES_MS[attempt] ?? 0) / SEED_SCALE);
    }
  return ((performance.now() - startedAt) / SEED_UPDATES) * SEED_SCALE;
}

async function measureRaw(url: string): Promise<number> {
  const client = new ConvexHttpClient(url, { logger: false });
  const startedAt = performance.now();
  const args = { twitchId: "1", status: "Downloading" as const };
  const update = client.mutation(backend.video.updateStatusByTwitchId, args);
  await Promise.race([update.catch(() => undefined), pause(RAW_WATCHED_MS)]);
  return performance.now() - startedAt;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
