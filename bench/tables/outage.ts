import { backend as functions } from "@klipstream/client";

import type { Contender } from "../contenders/contender.ts";
import { originalLoop } from "../contenders/originalLoop.ts";
import { rawClient } from "../contenders/rawClient.ts";
import { thisClient } from "../contenders/thisClient.ts";
import type { Experiment, Sample } from "../harness/experiment.ts";
import { formatCell } from "../harness/format.ts";
import { cellOf, medianOf } from "../harness/table.ts";
import { type Backend, startBackend } from "../startBackend.ts";
import { temporaryFolder } from "../stage/temporaryFolder.ts";
import { createVideos, directClient, twitchIdsFrom } from "../stage/videos.ts";
import { openWire, type Wire, type WireState } from "../stage/wire.ts";

const OUTAGE_MS = 3000;
const REPORTS = 20;
const CATCH_UP_MAX_MS = 15_000;
/** 33 s for each report would take an hour. */
const ORIGINAL_DIVISOR = 20;
const CONTENDERS = [thisClient, rawClient, originalLoop(ORIGINAL_DIVISOR)];
const OUTAGES: readonly { name: string; state: WireState }[] = [
  { name: "refuses", state: "refusing" },
  { name: "never answers", state: "silent" },
];
const LOST = "lost";
const WORST = "one report held at most, ms";

/** An outage from its start to the last report that arrives. */
export const outage: Experiment = {
  name: "outage",
  title: "An outage from start to end",
  method:
    `A pipeline reports one status of each of ${REPORTS} videos, one after the other. The backend is away when it starts, and back after ${OUTAGE_MS / 1000} s: it ` +
    "refuses connections, or takes them and never answers, and cuts them when it is back. Lost is what the backend never gets, by its own record. The " +
    `original's loop runs at 1/${ORIGINAL_DIVISOR} of its times (10 s to an attempt, pauses of 1 s and 2 s), so that for it the outage is one of ` +
    `${(OUTAGE_MS * ORIGINAL_DIVISOR) / 1000} s; its "one report held at most" is scaled up again, its other times are as they passed. The raw client has ` +
    `no time limit: it waits for as long as the backend is silent. Catching up counts from the end of the outage.`,
  rowTitle: "outage, client",
  columns: [
    { name: "caller held in all, ms" },
    { name: WORST },
    { name: LOST },
    { name: "requests per report" },
    { name: "to catch up, ms" },
  ],
  chart: { column: WORST, isLogarithmic: true },
  controls: ["processor", "disk"],
  budgetMs: 55_000,
  start: async () => {
    const backend = await startBackend();
    let nextTwitchId = 10_000;
    return {
      async round() {
        const pipelines = OUTAGES.flatMap(({ name, state }) =>
          CONTENDERS.map((contender) => {
            nextTwitchId += REPORTS;
            const twitchIds = twitchIdsFrom(nextTwitchId, REPORTS);
            return { name: `${name}: ${contender.name}`, state, contender, backend, twitchIds };
          }),
        );
        await createVideos(
          backend,
          pipelines.flatMap(({ twitchIds }) => twitchIds),
        );
        // All at once: they do little but wait, and each has a way of its own.
        const figures = await Promise.all(pipelines.map(goThrough));
        return Object.fromEntries(pipelines.map(({ name }, at) => [name, figures[at]!]));
      },
      close: () => backend.deployment.close(),
    };
  },
  headline: (table) => {
    const row = (contender: Contender) => `never answers: ${contender.name}`;
    const seconds = (contender: Contender) =>
      ((medianOf(table, row(contender), WORST) ?? NaN) / 1000).toFixed(1);
    return (
      `A backend that never answers holds one report for ${seconds(thisClient)} s at most, and nothing is lost; the original's loop held ` +
      `each for ${seconds(CONTENDERS[2]!)} s, and lost ${formatCell(cellOf(table, row(CONTENDERS[2]!), LOST))} of ${REPORTS}.`
    );
  },
};

type Pipeline = {
  state: WireState;
  contender: Contender;
  backend: Backend;
  twitchIds: readonly string[];
};

async function goThrough(pipeline: Pipeline): Promise<Sample[string]> {
  const { state, contender, backend, twitchIds } = pipeline;
  using folder = temporaryFolder();
  const wire = await openWire(backend.deployment.url);
  await wire.become(state);
  const session = contender.open({ url: wire.url, token: backend.token, folder: folder.path });
  const healed = healAfter(OUTAGE_MS, wire);
  const heldMs: number[] = [];
  for (const twitchId of twitchIds) {
    const calledAt = performance.now();
    await session.report({ twitchId, status: "Downloading" });
    heldMs.push(performance.now() - calledAt);
  }
  const healedAt = await healed;
  await session.settle(CATCH_UP_MAX_MS);
  const catchUpMs = performance.now() - healedAt;
  const { requests } = wire.traffic();
  const lost = await countLost(backend, twitchIds);
  await session.close();
  await wire.close();
  const divisor = contender === CONTENDERS[2] ? ORIGINAL_DIVISOR : 1;
  return {
    "caller held in all, ms": heldMs.reduce((sum, ms) => sum + ms, 0),
    [WORST]: Math.max(...heldMs) * divisor,
    [LOST]: lost,
    // One that is refused never becomes a request.
    ...(state === "silent" && { "requests per report": requests / twitchIds.length }),
    // Who keeps nothing has nothing to catch up with.
    ...(contender === thisClient && { "to catch up, ms": catchUpMs }),
  };
}

async function healAfter(ms: number, wire: Wire): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  await wire.become("open");
  return performance.now();
}

async function countLost(backend: Backend, twitchIds: readonly string[]): Promise<number> {
  const client = directClient(backend);
  const videos = await Promise.all(
    twitchIds.map((twitchId) => client.query(functions.video.getByTwitchIdPublic, { twitchId })),
  );
  return videos.filter((video) => video?.status !== "Downloading").length;
}
