import type { Experiment, Sample } from "../harness/experiment.ts";
import { medianOf } from "../harness/table.ts";
import { deliverPending, sendOneByOne } from "../stage/deliverPending.ts";
import { startProgram } from "../stage/program.ts";
import { createVideos, twitchIdsFrom } from "../stage/videos.ts";
import { startBackend } from "../startBackend.ts";

const PENDING = 10_000;
const VIDEOS = 200;
const NETWORK_MS = 20;
const THIS = "@klipstream/client";
const RAW = "ConvexHttpClient";
const PER_SECOND = "updates per second";

/** Where the updates go, and how many the raw client sends there: enough to know its rate. */
type Distance = { name: string; rawUpdates: number; to: "backend" | "server"; delayMs: number };

const DISTANCES: readonly Distance[] = [
  { name: "beside the backend", rawUpdates: 300, to: "backend", delayMs: 0 },
  { name: `${NETWORK_MS} ms away`, rawUpdates: 60, to: "backend", delayMs: NETWORK_MS },
  { name: "a server that only answers", rawUpdates: 500, to: "server", delayMs: 0 },
];

/** Pending updates when the backend comes back. */
export const drain: Experiment = {
  name: "drain",
  title: "10,000 pending updates drained",
  method: ({ size }) =>
    `${size(PENDING).toLocaleString("en-US")} updates of ${VIDEOS} videos wait in an outbox; the time counts from opening it until the last is acknowledged. The raw client ` +
    `sends up to 500 of the same one by one. "${NETWORK_MS} ms away": the deployment lets each request wait so long. The server that only ` +
    "answers shows what the client alone can do. The original's loop has no row: it keeps nothing that it could send later.",
  rowTitle: "distance, client",
  columns: [
    { name: PER_SECOND },
    { name: "ratio", ratioOf: PER_SECOND, to: againstRaw },
    { name: "in all, ms" },
  ],
  chart: { column: PER_SECOND, isLogarithmic: true },
  controls: ["processor", "disk"],
  budgetMs: 200_000,
  start: async ({ size }) => {
    const server = await startProgram<string>("answeringServer.ts", []);
    return {
      async round() {
        // A new one each time: after 10 rounds it would hold 200,000 events.
        const backend = await startBackend();
        await createVideos(backend, twitchIdsFrom(1000, DISTANCES.length * VIDEOS));
        const sample: Record<string, Sample[string]> = {};
        try {
          for (const [at, distance] of DISTANCES.entries()) {
            const url = distance.to === "backend" ? backend.deployment.url : server.ready;
            const { delayMs } = distance;
            if (delayMs > 0) backend.deployment.faults.set([{ delayMs, path: "/api/mutation" }]);
            const twitchIds = twitchIdsFrom(1000 + at * VIDEOS, VIDEOS);
            const to = { url, token: backend.token, twitchIds };
            const { name, rawUpdates } = distance;
            const rawMs = await sendOneByOne(to, rawUpdates);
            const ms = await deliverPending(to, size(PENDING));
            sample[`${name}: ${RAW}`] = { [PER_SECOND]: (rawUpdates * 1000) / rawMs };
            sample[`${name}: ${THIS}`] = {
              [PER_SECOND]: (size(PENDING) * 1000) / ms,
              "in all, ms": ms,
            };
          }
        } finally {
          await backend.deployment.close();
        }
        return sample;
      },
      close: () => server.stop(),
    };
  },
  headline: (table) => {
    const [beside, away] = DISTANCES.map(({ name }) =>
      medianOf(table, `${name}: ${THIS}`, "ratio"),
    );
    if (beside == null || away == null) return null;
    return (
      `10,000 pending updates drain at ${away.toFixed(1)} times the rate of the raw client with the backend ${NETWORK_MS} ms away, ` +
      `and at ${beside.toFixed(1)} times beside it.`
    );
  },
};

function againstRaw(row: string): string | undefined {
  return row.endsWith(RAW) ? undefined : row.replace(THIS, RAW);
}
