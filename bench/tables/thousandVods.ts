import type { Contender, Place } from "../contenders/contender.ts";
import { originalLoop } from "../contenders/originalLoop.ts";
import { rawClient } from "../contenders/rawClient.ts";
import { thisClient } from "../contenders/thisClient.ts";
import type { Experiment, Sample } from "../harness/experiment.ts";
import { percentile } from "../harness/spread.ts";
import { startBackend } from "../startBackend.ts";
import { temporaryFolder } from "../stage/temporaryFolder.ts";
import { createVideos, twitchIdsFrom } from "../stage/videos.ts";
import { openWire } from "../stage/wire.ts";

const VODS = 1000;
const SETTLE_MS = 60_000;
const CONTENDERS = [thisClient, rawClient, originalLoop()];
/** In turn, so that each report changes something. */
const STATUSES = ["Downloading", "Transcribing"] as const;
const ALL_MS = "all in the backend, ms";

/** Many VODs of one machine that report at the same moment. */
export const thousandVods: Experiment = {
  name: "thousand-vods",
  title: "1,000 VODs at once",
  method: ({ size }) =>
    `${size(VODS)} VODs of one process each report one status at the same moment; time counts from there until the backend has all of them. ` +
    "The raw client is one for all, as its documentation shows it, and sends one mutation at a time. Everything runs on one machine.",
  rowTitle: "client",
  columns: [
    { name: "requests" },
    { name: "connections" },
    { name: ALL_MS },
    { name: "time ratio", ratioOf: ALL_MS, to: againstRaw },
    { name: "caller held p50, ms" },
    { name: "caller held p99, ms" },
  ],
  chart: { column: ALL_MS },
  controls: ["processor", "disk"],
  budgetMs: 55_000,
  start: async ({ size }) => {
    const backend = await startBackend();
    const { url } = backend.deployment;
    const videos = CONTENDERS.map((_, at) => twitchIdsFrom((at + 1) * 10_000, size(VODS)));
    await createVideos(backend, videos.flat());
    let rounds = 0;
    return {
      async round() {
        const sample: Record<string, Sample[string]> = {};
        rounds += 1;
        for (const [at, contender] of CONTENDERS.entries()) {
          const place = { url, token: backend.token, status: STATUSES[rounds % 2]! };
          sample[contender.name] = await reportAll(contender, videos[at]!, place);
        }
        return sample;
      },
      close: () => backend.deployment.close(),
    };
  },
};

function againstRaw(row: string): string | undefined {
  return row === rawClient.name ? undefined : rawClient.name;
}

async function reportAll(
  contender: Contender,
  twitchIds: readonly string[],
  { status, ...to }: Omit<Place, "folder"> & { status: (typeof STATUSES)[number] },
): Promise<Sample[string]> {
  using folder = temporaryFolder();
  const wire = await openWire(to.url);
  const session = contender.open({ ...to, url: wire.url, folder: folder.path });
  const heldMs: number[] = [];
  const startedAt = performance.now();
  await Promise.all(
    twitchIds.map(async (twitchId) => {
      const calledAt = performance.now();
      await session.report({ twitchId, status });
      heldMs.push(performance.now() - calledAt);
    }),
  );
  await session.settle(SETTLE_MS);
  const allMs = performance.now() - startedAt;
  const { requests, connections } = wire.traffic();
  await session.close();
  await wire.close();
  return {
    requests,
    connections,
    [ALL_MS]: allMs,
    "caller held p50, ms": percentile(heldMs, 0.5),
    "caller held p99, ms": percentile(heldMs, 0.99),
  };
}
