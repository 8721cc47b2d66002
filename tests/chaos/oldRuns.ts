import { join } from "node:path";

import { ConvexManager } from "@klipstream/client";

import { type Backend, readEvents } from "./backend.ts";
import { FAIR, type FaultProxy, STORM } from "./FaultProxy.ts";
import type { Finding } from "./finding.ts";

/**
 * Laptops that went offline in the middle of a run come back days later and replay their outboxes, while a newer run has completed
 * the same videos.
 */
export async function replayOldRuns(options: {
  backend: Backend;
  proxy: FaultProxy;
  proxyUrl: string;
  folder: string;
  videos: number;
}): Promise<Finding> {
  const { backend, proxy, proxyUrl, folder, videos } = options;
  const twitchIds = Array.from({ length: videos }, (_, video) => String(20_000 + video));
  for (const twitchId of twitchIds) await backend.direct.createVideo(twitchId);
  const create = (outbox: string, fetch?: typeof globalThis.fetch) =>
    new ConvexManager(
      {
        url: proxyUrl,
        apiKey: backend.apiKey,
        outboxPath: join(folder, outbox),
        logLevel: "silent",
        attemptTimeoutMs: 600,
        retry: { baseDelayMs: 5, maxDelayMs: 60 },
        waitMs: 0,
      },
      { place: { env: {}, cwd: folder }, ...(fetch && { fetch }) },
    );

  proxy.weather = FAIR;
  const laptop = create("laptop.db", () => Promise.reject(new TypeError("fetch failed")));
  // Its clock is ahead: order by time alone would let its updates win.
  const occurredAt = Date.now() + 3_600_000;
  for (const twitchId of twitchIds) {
    const run = laptop.startRun(twitchId);
    await run.updateVideoStatus("Transcribing", { occurredAt });
    await run.updateVideoUrls({ chatUrl: "https://files.example/old.csv" }, { occurredAt });
  }
  await laptop.close({ timeoutMs: 0 });

  const worker = create("worker.db");
  for (const twitchId of twitchIds) {
    const run = worker.startRun(twitchId);
    const urls = { chatUrl: "https://files.example/new.csv" };
    await run.updatePipelineProgress({ status: "Completed", urls });
  }
  await worker.flush({ timeoutMs: 60_000 });
  await worker.close();

  proxy.weather = STORM;
  const replay = create("laptop.db");
  const { delivered } = await replay.flush({ timeoutMs: 120_000 });
  await replay.close();
  proxy.weather = FAIR;

  let regressed = 0;
  let replayed = 0;
  for (const twitchId of twitchIds) {
    const video = await backend.direct.getVideo(twitchId);
    const isKept = video?.status === "Completed" && video.chatUrl?.endsWith("new.csv") === true;
    if (!isKept) regressed += 1;
    replayed += (await readEvents(backend.direct, twitchId)).filter(
      ({ applied }) => !applied,
    ).length;
  }
  return {
    promise: "an old run cannot regress a video",
    how: `${replayed} updates of old runs replayed after Completed, in the storm`,
    figure: `${regressed} regressions of ${videos}`,
    kept: delivered && regressed === 0 && replayed === 2 * videos,
  };
}
