import { backend as functions } from "@klipstream/client";

import type { Contender, Report } from "../contenders/contender.ts";
import { originalLoop } from "../contenders/originalLoop.ts";
import { rawClient } from "../contenders/rawClient.ts";
import { thisClient } from "../contenders/thisClient.ts";
import type { Experiment, Sample } from "../harness/experiment.ts";
import { formatCell } from "../harness/format.ts";
import { cellOf } from "../harness/table.ts";
import {
  type CostedBackend,
  type DocumentCost,
  startCostedBackend,
} from "../stage/costedBackend.ts";
import { temporaryFolder } from "../stage/temporaryFolder.ts";
import { directClient } from "../stage/videos.ts";
import { openWire, type SentCall } from "../stage/wire.ts";

const CONTENDERS = [thisClient, rawClient, originalLoop()];
const SETTLE_MS = 10_000;

/** The ten statuses and two sets of URLs that the original sends of one VOD; the names that the contract does not know are those of their stage. */
const REPORTS: readonly Omit<Report, "twitchId">[] = [
  { status: "Queued" },
  { status: "Downloading" },
  { status: "Downloading" },
  { status: "Fetching chat" },
  { status: "Transcribing" },
  {
    status: "Transcribing",
    urls: {
      chatUrl: "https://files.example/chat.csv",
      transcriptUrl: "https://files.example/t.csv",
    },
  },
  { status: "Analyzing" },
  { status: "Analyzing" },
  { status: "Finding highlights" },
  { status: "Completed", urls: { transcriptAnalysisUrl: "https://files.example/analysis.json" } },
];

const REQUESTS = "requests";
const CONNECTIONS = "connections";
const HELD = "caller held, ms";

/** One VOD from Queued to Completed, by each contender in turn. */
export const processedVod: Experiment = {
  name: "processed-vod",
  title: "One processed VOD",
  method:
    "One after the other, each contender reports the ten statuses and the two sets of URLs that the Python original sends of a VOD, to the local " +
    "deployment on the same machine. Requests, connections and bytes (headers included, both ways) are counted on the way. Each request calls one " +
    "function; documents are what the same calls read and wrote when they were made again in a transaction that counts. All have a token at the start.",
  rowTitle: "client",
  columns: [
    { name: REQUESTS },
    { name: CONNECTIONS },
    { name: "bytes" },
    { name: "function calls" },
    { name: "documents read" },
    { name: "documents written" },
    { name: HELD },
    { name: "time ratio", ratioOf: HELD, to: againstOriginal },
  ],
  chart: { column: REQUESTS },
  controls: ["processor", "disk"],
  budgetMs: 12_000,
  start: async () => {
    const backend = await startCostedBackend();
    const costs = new Map<string, DocumentCost>();
    let lastTwitchId = 1000;
    return {
      async round() {
        const sample: Record<string, Sample[string]> = {};
        for (const contender of CONTENDERS) {
          lastTwitchId += 1;
          const { calls, ...figures } = await processVod(contender, backend, String(lastTwitchId));
          const cost = costs.get(contender.name) ?? (await costOfCalls(backend, calls));
          costs.set(contender.name, cost);
          sample[contender.name] = {
            ...figures,
            "documents read": cost.read,
            "documents written": cost.written,
          };
        }
        return sample;
      },
      close: () => backend.deployment.close(),
    };
  },
  headline: (table) => {
    const of = (name: string, column: string) => formatCell(cellOf(table, name, column));
    const original = CONTENDERS[2]!.name;
    return (
      `One VOD takes ${of(thisClient.name, REQUESTS)} requests on ${of(thisClient.name, CONNECTIONS)} connections; ` +
      `the original's loop takes ${of(original, REQUESTS)} on ${of(original, CONNECTIONS)}.`
    );
  },
};

function againstOriginal(row: string): string | undefined {
  const original = CONTENDERS[2]!.name;
  return row === original ? undefined : original;
}

async function processVod(contender: Contender, backend: CostedBackend, twitchId: string) {
  await directClient(backend).mutation(functions.video.create, { twitchId });
  using folder = temporaryFolder();
  const wire = await openWire(backend.deployment.url);
  const session = contender.open({ url: wire.url, token: backend.token, folder: folder.path });
  try {
    const startedAt = performance.now();
    for (const report of REPORTS) await session.report({ twitchId, ...report });
    const heldMs = performance.now() - startedAt;
    await session.settle(SETTLE_MS);
    const { calls, ...counts } = wire.traffic();
    return { ...counts, "function calls": calls.length, [HELD]: heldMs, calls };
  } finally {
    await session.close();
    await wire.close();
  }
}

const COST_TWITCH_ID_PREFIX = "9";

/** Makes the calls again, of another video: a copy of what was decided would cost less. */
async function costOfCalls(
  backend: CostedBackend,
  calls: readonly SentCall[],
): Promise<DocumentCost> {
  const text = JSON.stringify(calls);
  const twitchId = /"twitchId":"(\d+)"/.exec(text)?.[1] ?? "";
  const other = `${COST_TWITCH_ID_PREFIX}${twitchId}`;
  await directClient(backend).mutation(functions.video.create, { twitchId: other });
  const again = text
    .replaceAll(`"twitchId":"${twitchId}"`, `"twitchId":"${other}"`)
    .replaceAll(/"updateId":"/g, `"updateId":"${COST_TWITCH_ID_PREFIX}`);
  const cost = { read: 0, written: 0 };
  for (const call of JSON.parse(again) as SentCall[]) {
    const { read, written } = await backend.costOf(call);
    cost.read += read;
    cost.written += written;
  }
  return cost;
}
