import { backend as functions } from "@klipstream/client";
import type { ConvexHttpClient } from "convex/browser";

import type { Experiment, Sample } from "../harness/experiment.ts";
import { median } from "../harness/spread.ts";
import { type CostedBackend, startCostedBackend } from "../stage/costedBackend.ts";
import { createVideos, directClient, twitchIdsFrom } from "../stage/videos.ts";

const SIZES = [10, 1000, 10_000];
const EVENTS = [10, 1000];
/** The deployment in which the videos with few and many events are. */
const SIZE_OF_EVENTS = 1000;
const CALLS = 10;
const FIRST_TWITCH_ID = 100_000;
const BATCH = 100;
const paginationOpts = { numItems: 20, cursor: null };

type Subject = { name: string; backend: CostedBackend; twitchId: string };

/** What a call costs with few videos and with many, and with few events of its video and with many. */
export const growthOfVideos: Experiment = {
  name: "growth-of-videos",
  title: "Growth: videos and events",
  method: ({ size }) =>
    `Local deployments with 10 to ${size(SIZES.at(-1)!).toLocaleString("en-US")} videos; in one of them, a video with 10 events and one with ${size(EVENTS.at(-1)!).toLocaleString("en-US")}. The raw client makes ` +
    `${CALLS} calls of each kind, one after the other; the figure is their median. Documents are those of one update.`,
  rowTitle: "with",
  columns: [
    { name: "documents read" },
    { name: "documents written" },
    { name: "update, ms" },
    { name: "look-up, ms" },
    { name: "page of the list, ms" },
    { name: "page of the history, ms" },
    {
      name: "update: ratio to the least",
      ratioOf: "update, ms",
      to: (row) => (row.endsWith("events") ? undefined : `${SIZES[0]!} videos`),
    },
  ],
  chart: { column: "update, ms" },
  controls: ["processor"],
  budgetMs: 15_000,
  start: async ({ size }) => {
    const subjects: Subject[] = [];
    for (const videos of SIZES) {
      const backend = await startCostedBackend();
      const twitchIds = twitchIdsFrom(FIRST_TWITCH_ID, Math.max(SIZES[0]!, size(videos)));
      await createVideos(backend, twitchIds);
      const name = `${twitchIds.length.toLocaleString("en-US")} videos`;
      subjects.push({ name, backend, twitchId: twitchIds[5]! });
    }
    const { backend } = subjects[SIZES.indexOf(SIZE_OF_EVENTS)]!;
    for (const [at, events] of EVENTS.entries()) {
      const twitchId = String(FIRST_TWITCH_ID + at);
      const count = Math.max(EVENTS[0]!, size(events));
      await addEvents(directClient(backend), twitchId, count);
      const name = `a video with ${count.toLocaleString("en-US")} events`;
      subjects.push({ name, backend, twitchId });
    }
    return {
      async round() {
        const sample: Record<string, Sample[string]> = {};
        for (const subject of subjects) sample[subject.name] = await measure(subject);
        return sample;
      },
      close: () =>
        Promise.all(
          [...new Set(subjects.map(({ backend }) => backend.deployment))].map((deployment) =>
            deployment.close(),
          ),
        ),
    };
  },
};

/** `created` is one of them. */
async function addEvents(client: ConvexHttpClient, twitchId: string, count: number): Promise<void> {
  for (let start = 1; start < count; start += BATCH) {
    const updates = Array.from({ length: Math.min(BATCH, count - start) }, (_, index) => {
      return { twitchId, urls: { chatUrl: `https://files.example/${start + index}.csv` } };
    });
    await client.mutation(functions.video.recordUpdates, { updates });
  }
}

let lastUpdate = 0;

async function measure({ backend, twitchId }: Subject): Promise<Sample[string]> {
  const { video } = functions;
  const client = directClient(backend);
  const { read, written } = await backend.costOf({
    path: "video:updateUrls",
    args: { twitchId, urls: nextUrls() },
  });
  return {
    "documents read": read,
    "documents written": written,
    "update, ms": await timeCalls(() =>
      client.mutation(video.updateUrls, { twitchId, urls: nextUrls() }),
    ),
    "look-up, ms": await timeCalls(() => client.query(video.getByTwitchIdPublic, { twitchId })),
    "page of the list, ms": await timeCalls(() => client.query(video.list, { paginationOpts })),
    "page of the history, ms": await timeCalls(() =>
      client.query(video.history, { twitchId, paginationOpts }),
    ),
  };
}

function nextUrls(): { transcriptUrl: string } {
  lastUpdate += 1;
  return { transcriptUrl: `https://files.example/${lastUpdate}.csv` };
}

async function timeCalls(call: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let count = 0; count < CALLS; count++) {
    const startedAt = performance.now();
    await call();
    times.push(performance.now() - startedAt);
  }
  return median(times);
}
