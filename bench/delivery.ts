/** Two figures of the tables that promises of the client are about, for whoever wants to hold it to them. */
import type { Place } from "./contenders/contender.ts";
import { originalLoop } from "./contenders/originalLoop.ts";
import { thisClient } from "./contenders/thisClient.ts";
import { timeDisk } from "./harness/control.ts";
import { percentile } from "./harness/spread.ts";
import { deliverPending, sendOneByOne } from "./stage/deliverPending.ts";
import { temporaryFolder } from "./stage/temporaryFolder.ts";
import { createVideos, twitchIdsFrom } from "./stage/videos.ts";
import { openWire } from "./stage/wire.ts";
import { startBackend } from "./startBackend.ts";

const VIDEOS = 200;
const REPORTS = 100;
/** 33 s for each of the original's reports would take minutes. */
const ORIGINAL_DIVISOR = 100;
const ORIGINAL_REPORTS = 10;

/**
 * How fast pending updates are delivered once the backend is back, against the raw client sending updates one by one.
 *
 * @param options.updates - How many are pending.
 * @param options.rawUpdates - How many the raw client sends.
 * @param options.networkMs - How far away the backend is: each request waits this long before it is served.
 */
export async function measureDrain(options: {
  updates: number;
  rawUpdates: number;
  networkMs: number;
}): Promise<{ rawPerSecond: number; ratio: number }> {
  const { updates, rawUpdates, networkMs } = options;
  const backend = await startBackend();
  const { deployment, token } = backend;
  try {
    await createVideos(backend, twitchIdsFrom(1000, 2 * VIDEOS));
    if (networkMs > 0) deployment.faults.set([{ delayMs: networkMs, path: "/api/mutation" }]);
    const to = (first: number) => {
      return { url: deployment.url, token, twitchIds: twitchIdsFrom(first, VIDEOS) };
    };
    const rawMs = await sendOneByOne(to(1000), rawUpdates);
    const ms = await deliverPending(to(1000 + VIDEOS), updates);
    const rawPerSecond = (rawUpdates * 1000) / rawMs;
    return { rawPerSecond, ratio: (updates * 1000) / ms / rawPerSecond };
  } finally {
    await deployment.close();
  }
}

export type HeldCaller = {
  updates: number;
  /** Per update, once the outage was known, in milliseconds. */
  clientKnownP99Ms: number;
  /** The control: a bare 4 KiB write with fdatasync on the same disk, in turn with the updates. */
  bareWriteP99Ms: number;
  /** Per update, scaled up. */
  seedPerUpdateMs: number;
};

/** How long a caller is held by a backend that takes connections and never answers. */
export async function measureHeldCaller(): Promise<HeldCaller> {
  using folder = temporaryFolder();
  const wire = await openWire("http://127.0.0.1:1");
  await wire.become("silent");
  const place = { url: wire.url, token: null, folder: folder.path };
  try {
    const { held, bare } = await reportInTurn(place);
    const original = originalLoop(ORIGINAL_DIVISOR).open(place);
    const startedAt = performance.now();
    for (const twitchId of twitchIdsFrom(1, ORIGINAL_REPORTS))
      await original.report({ twitchId, status: "Downloading" });
    const originalMs = performance.now() - startedAt;
    return {
      updates: REPORTS,
      // The first one discovers the outage.
      clientKnownP99Ms: percentile(held.slice(1), 0.99),
      bareWriteP99Ms: percentile(bare, 0.99),
      seedPerUpdateMs: (originalMs / ORIGINAL_REPORTS) * ORIGINAL_DIVISOR,
    };
  } finally {
    await wire.close();
  }
}

async function reportInTurn(place: Place) {
  const session = thisClient.open(place);
  const held: number[] = [];
  const bare: number[] = [];
  for (const twitchId of twitchIdsFrom(1, REPORTS)) {
    const startedAt = performance.now();
    await session.report({ twitchId, status: "Downloading" });
    held.push(performance.now() - startedAt);
    bare.push(...timeDisk(1));
  }
  await session.close();
  return { held, bare };
}
