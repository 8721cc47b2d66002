import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { api, internal } from "../_generated/api";
import crons from "../crons";
import { KEPT_FOR_MS, KEPT_PER_VIDEO } from "../model/events";
import { SILENCE_LIMIT_MS, WORKING_STATUSES } from "../model/stalled";
import {
  type Backend,
  createVideo,
  eventsOf,
  startBackend,
  status,
  stored,
  TWITCH_ID,
} from "./testing.setup";

const START = Date.UTC(2026, 0, 1);
const MINUTE_MS = 60_000;
const LIMIT_MS = SILENCE_LIMIT_MS.Transcribing;
const twitchId = TWITCH_ID;

beforeEach(() => {
  vi.useFakeTimers({ now: START });
});
afterEach(() => {
  vi.useRealTimers();
});

const pass = (ms: number) => vi.setSystemTime(Date.now() + ms);
const finish = (t: Backend) => t.finishAllScheduledFunctions(vi.runAllTimers);

async function markStalled(t: Backend, working = WORKING_STATUSES) {
  for (const each of working) await t.mutation(internal.maintenance.markStalled, { status: each });
  await finish(t);
}

async function startTranscribing() {
  const backend = startBackend();
  await createVideo(backend.pipeline);
  await backend.pipeline.mutation(api.video.updateStatusByTwitchId, status("Transcribing"));
  return backend;
}

describe("the stalled cron", () => {
  test("leaves a video alone until its status has been silent for too long", async () => {
    const { t } = await startTranscribing();
    pass(LIMIT_MS);
    await markStalled(t);
    expect(await stored(t)).not.toHaveProperty("stalledSince");
    pass(1);
    await markStalled(t);
    expect((await stored(t)).stalledSince).toBe(START);
  });

  test("counts a heartbeat as a sign of life", async () => {
    const { t, pipeline } = await startTranscribing();
    pass(LIMIT_MS);
    await pipeline.mutation(api.video.reportProgress, { twitchId, percent: 10 });
    pass(LIMIT_MS);
    await markStalled(t);
    expect(await stored(t)).not.toHaveProperty("stalledSince");
    pass(1);
    await markStalled(t);
    expect((await stored(t)).stalledSince).toBe(START + LIMIT_MS);
  });

  test("counts an update from when it arrived, not from when it happened", async () => {
    const { t, pipeline } = await startTranscribing();
    pass(LIMIT_MS * 2);
    await pipeline.mutation(api.video.updateUrls, {
      twitchId,
      urls: { chatUrl: "gs://bucket/chat" },
      occurredAt: START + 1,
    });
    await markStalled(t);
    expect(await stored(t)).not.toHaveProperty("stalledSince");
  });

  test.each(["Queued", "Completed", "Failed"] as const)(
    "never marks a video that is %s",
    async (idle) => {
      const { t, pipeline } = await startTranscribing();
      await pipeline.mutation(api.video.updateStatusByTwitchId, status(idle));
      pass(LIMIT_MS * 100);
      await markStalled(t);
      expect(await stored(t)).not.toHaveProperty("stalledSince");
    },
  );

  test.each([
    ["a heartbeat", (p: Backend) => p.mutation(api.video.reportProgress, { twitchId, percent: 1 })],
    [
      "an update",
      (p: Backend) => p.mutation(api.video.updateStatusByTwitchId, status("Analyzing")),
    ],
    [
      "an update that repeats the status",
      (p: Backend) => p.mutation(api.video.updateStatusByTwitchId, status("Transcribing")),
    ],
    ["a rollback", (p: Backend) => p.mutation(api.video.rollbackStatus, { twitchId })],
  ])("is taken back by %s", async (_, giveSign) => {
    const { t, pipeline } = await startTranscribing();
    pass(LIMIT_MS + 1);
    await markStalled(t);
    await giveSign(pipeline as unknown as Backend);
    expect(await stored(t)).not.toHaveProperty("stalledSince");
    await markStalled(t);
    expect(await stored(t)).not.toHaveProperty("stalledSince");
  });

  test("is not taken back by an older run", async () => {
    const { t, pipeline } = await startTranscribing();
    const update = status("Transcribing", { run: { id: "new", startedAt: 2 } });
    await pipeline.mutation(api.video.updateStatusByTwitchId, update);
    pass(LIMIT_MS + 1);
    await markStalled(t);
    const run = { id: "old", startedAt: 1 };
    await pipeline.mutation(api.video.reportProgress, { twitchId, percent: 1, run });
    await pipeline.mutation(api.video.updateStatusByTwitchId, status("Completed", { run }));
    expect((await stored(t)).stalledSince).toBe(START);
  });

  test("gets to every silent video, batch by batch, past those that are alive", async () => {
    const { t, pipeline } = startBackend();
    const ids = Array.from({ length: 130 }, (_, index) => String(1000 + index));
    for (const id of ids)
      await pipeline.mutation(api.video.recordUpdates, {
        createMissing: true,
        updates: [{ twitchId: id, status: "Transcribing" }],
      });
    pass(LIMIT_MS + MINUTE_MS);
    const alive = ids.slice(0, 110);
    for (const id of alive)
      await pipeline.mutation(api.video.reportProgress, { twitchId: id, percent: 1 });
    await markStalled(t, ["Transcribing"]);
    const { page } = await pipeline.query(api.video.list, {
      stalledOnly: true,
      paginationOpts: { numItems: 100, cursor: null },
    });
    expect(page.map((video) => video.twitchId).sort()).toEqual(ids.slice(110));
  });
});

describe("the pruning cron", () => {
  /** A video with one `created` event and `count` more. */
  async function startWithEvents(count: number) {
    const backend = startBackend();
    await createVideo(backend.pipeline);
    for (let index = 0; index < count; index += 1)
      await backend.pipeline.mutation(
        api.video.updateStatusByTwitchId,
        status(index % 2 === 0 ? "Downloading" : "Transcribing", { updateId: `u${index}` }),
      );
    return backend;
  }

  async function prune(t: Backend) {
    await t.mutation(internal.maintenance.pruneEvents, {});
    await finish(t);
  }

  test("deletes what is 30 days old, but never a video's last 50 events", async () => {
    const { t, pipeline } = await startWithEvents(60);
    pass(KEPT_FOR_MS + MINUTE_MS);
    await prune(t);
    const events = await eventsOf(pipeline);
    expect(events).toHaveLength(KEPT_PER_VIDEO);
    expect(events[0]?.updateId).toBe("u10");
    expect(events.at(-1)?.updateId).toBe("u59");
  });

  test("deletes nothing that is younger than 30 days", async () => {
    const { t, pipeline } = await startWithEvents(60);
    pass(KEPT_FOR_MS - MINUTE_MS);
    await prune(t);
    expect(await eventsOf(pipeline)).toHaveLength(61);
  });

  test("deletes an old event once newer ones have come", async () => {
    const { t, pipeline } = await startWithEvents(49);
    pass(KEPT_FOR_MS + MINUTE_MS);
    await prune(t);
    expect(await eventsOf(pipeline)).toHaveLength(50);
    await pipeline.mutation(api.video.updateStatusByTwitchId, status("Completed"));
    await prune(t);
    expect((await eventsOf(pipeline)).map((event) => event.kind)).not.toContain("created");
    expect(await eventsOf(pipeline)).toHaveLength(50);
  });

  test("goes on until all is done where one batch is not enough", async () => {
    const { t, pipeline } = await startWithEvents(300);
    pass(KEPT_FOR_MS + MINUTE_MS);
    await prune(t);
    expect(await eventsOf(pipeline)).toHaveLength(KEPT_PER_VIDEO);
    const left = await t.run((ctx) => ctx.db.query("videoEvents").collect());
    expect(left).toHaveLength(KEPT_PER_VIDEO);
  });
});

describe("the schedule", () => {
  test("checks each status that work is done in, and prunes", () => {
    const names = Object.keys(crons.crons);
    expect(names.sort()).toEqual(
      [
        ...WORKING_STATUSES.map((each) => `mark stalled: ${each}`),
        "prune events",
        "prune audit",
      ].sort(),
    );
  });
});

describe("video:removeScratch", () => {
  test("removes a scratch video with its progress, sources, runs and all its events, however many", async () => {
    const { t, pipeline } = startBackend();
    const scratch = { twitchId: "007" };
    await createVideo(pipeline, scratch.twitchId);
    await pipeline.mutation(api.video.reportProgress, { ...scratch, percent: 5 });
    for (let index = 0; index < 210; index += 1)
      await pipeline.mutation(api.video.updateStatusByTwitchId, {
        ...scratch,
        status: index % 2 === 0 ? "Downloading" : "Queued",
        source: { id: "a", sequence: index + 1 },
        run: { id: `r${Math.min(index, 3)}`, ageMs: 0 },
      });
    expect(await pipeline.mutation(api.video.removeScratch, scratch)).toEqual({ removed: true });
    await finish(t);
    const left = await t.run(async (ctx) => [
      ...(await ctx.db.query("videos").collect()),
      ...(await ctx.db.query("videoProgress").collect()),
      ...(await ctx.db.query("videoSources").collect()),
      ...(await ctx.db.query("videoRuns").collect()),
      ...(await ctx.db.query("videoEvents").collect()),
    ]);
    expect(left).toEqual([]);
    expect(await pipeline.mutation(api.video.removeScratch, scratch)).toEqual({ removed: false });
  });

  test("refuses a Twitch ID that Twitch may have issued", async () => {
    const { t, pipeline } = await startTranscribing();
    await expect(pipeline.mutation(api.video.removeScratch, { twitchId })).rejects.toMatchObject({
      data: { code: "INVALID_ARGUMENT", issues: [{ path: "twitchId" }] },
    });
    expect((await stored(t)).twitchId).toBe(twitchId);
  });
});
