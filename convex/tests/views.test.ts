import { VIDEO_STATUSES } from "@klipstream/contract";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { api, internal } from "../_generated/api";
import { SILENCE_LIMIT_MS } from "../model/stalled";
import {
  type Backend,
  type Caller,
  createVideo,
  startBackend,
  status,
  TWITCH_ID,
} from "./testing.setup";

const START = Date.UTC(2026, 0, 1);
const twitchId = TWITCH_ID;
const firstPage = { numItems: 10, cursor: null };

beforeEach(() => {
  vi.useFakeTimers({ now: START });
});
afterEach(() => {
  vi.useRealTimers();
});

async function report(caller: Caller, id: string, value: (typeof VIDEO_STATUSES)[number]) {
  vi.setSystemTime(Date.now() + 1000);
  await caller.mutation(api.video.recordUpdates, {
    createMissing: true,
    updates: [{ twitchId: id, status: value }],
  });
}

async function listed(caller: Caller, filter: { status?: "Queued"; stalledOnly?: boolean } = {}) {
  const { page } = await caller.query(api.video.list, { ...filter, paginationOpts: firstPage });
  return page.map((video) => video.twitchId);
}

async function markStalled(t: Backend) {
  vi.setSystemTime(Date.now() + SILENCE_LIMIT_MS.Downloading + 1);
  await t.mutation(internal.maintenance.markStalled, { status: "Downloading" });
  await t.finishAllScheduledFunctions(vi.runAllTimers);
}

describe("video:list", () => {
  test("gives the newest change first, whatever changed", async () => {
    const { pipeline } = startBackend();
    for (const id of ["1", "2", "3"]) await report(pipeline, id, "Queued");
    expect(await listed(pipeline)).toEqual(["3", "2", "1"]);
    vi.setSystemTime(Date.now() + 1000);
    const urls = { chatUrl: "s3://bucket/chat" };
    await pipeline.mutation(api.video.updateUrls, { twitchId: "1", urls });
    expect(await listed(pipeline)).toEqual(["1", "3", "2"]);
    await report(pipeline, "2", "Completed");
    expect(await listed(pipeline)).toEqual(["2", "1", "3"]);
  });

  test("filters by status and by stalled, and by both", async () => {
    const { t, pipeline } = startBackend();
    await report(pipeline, "1", "Downloading");
    await report(pipeline, "2", "Queued");
    await report(pipeline, "3", "Downloading");
    await markStalled(t);
    await report(pipeline, "4", "Downloading");
    expect(await listed(pipeline, { status: "Queued" })).toEqual(["2"]);
    expect(await listed(pipeline, { status: "Downloading" as "Queued" })).toEqual(["4", "3", "1"]);
    expect(await listed(pipeline, { stalledOnly: true })).toEqual(["3", "1"]);
    expect(await listed(pipeline, { status: "Queued", stalledOnly: true })).toEqual([]);
    expect(
      await listed(pipeline, { status: "Downloading" as "Queued", stalledOnly: true }),
    ).toEqual(["3", "1"]);
    expect(await listed(pipeline, { stalledOnly: false })).toEqual(["4", "3", "2", "1"]);
  });

  test("pages through everything once", async () => {
    const { pipeline } = startBackend();
    for (let index = 1; index <= 7; index += 1) await report(pipeline, String(index), "Queued");
    const seen: string[] = [];
    let cursor: string | null = null;
    for (let done = false; !done;) {
      const result: { page: { twitchId: string }[]; isDone: boolean; continueCursor: string } =
        await pipeline.query(api.video.list, { paginationOpts: { numItems: 3, cursor } });
      seen.push(...result.page.map((video) => video.twitchId));
      ({ isDone: done, continueCursor: cursor } = result);
    }
    expect(seen).toEqual(["7", "6", "5", "4", "3", "2", "1"]);
  });

  test("tells a viewer about the run and the failure, but never about bookkeeping", async () => {
    const { pipeline } = startBackend();
    await createVideo(pipeline);
    const run = { id: "r", startedAt: 1 };
    await pipeline.mutation(
      api.video.updateStatusByTwitchId,
      status("Failed", { reason: "no GPU", run }),
    );
    const { page } = await pipeline.query(api.video.list, { paginationOpts: firstPage });
    expect(page).toMatchObject([{ run, failure: { during: "Queued", reason: "no GPU" } }]);
    expect(page[0]).not.toHaveProperty("statusReported");
  });

  test("gives at most 100 a page", async () => {
    const { t, pipeline } = startBackend();
    await t.run(async (ctx) => {
      for (let index = 0; index < 120; index += 1)
        await ctx.db.insert("videos", {
          twitchId: String(index),
          status: "Queued",
          statusChangedAt: 1,
          statusReported: true,
          changedAt: index,
        });
    });
    const { page } = await pipeline.query(api.video.list, {
      paginationOpts: { numItems: 1000, cursor: null },
    });
    expect(page).toHaveLength(100);
    const counts = await pipeline.query(api.video.statusCounts, {});
    expect(counts[0]).toEqual({ status: "Queued", count: 100 });
  });

  test.each([0, -1, 1.5])("a page of %d is refused", async (numItems) => {
    const { pipeline } = startBackend();
    await expect(
      pipeline.query(api.video.list, { paginationOpts: { numItems, cursor: null } }),
    ).rejects.toMatchObject({
      data: { code: "INVALID_ARGUMENT", issues: [{ path: "paginationOpts.numItems" }] },
    });
  });
});

describe("video:get", () => {
  test("gives what the list gives of that video", async () => {
    const { pipeline } = startBackend();
    await report(pipeline, twitchId, "Transcribing");
    await pipeline.mutation(api.video.updateStatusByTwitchId, {
      ...status("Failed"),
      reason: "no speech found",
    });
    const { page } = await pipeline.query(api.video.list, { paginationOpts: firstPage });
    const video = await pipeline.query(api.video.get, { twitchId });
    expect(video).toEqual(page[0]);
    expect(video?.failure).toMatchObject({ during: "Transcribing", reason: "no speech found" });
  });

  test("of an unknown video is null, and of what is no Twitch ID a refusal", async () => {
    const { pipeline } = startBackend();
    expect(await pipeline.query(api.video.get, { twitchId })).toBeNull();
    await expect(pipeline.query(api.video.get, { twitchId: "v1" })).rejects.toMatchObject({
      data: { code: "INVALID_ARGUMENT" },
    });
  });
});

describe("video:history", () => {
  test("gives the newest event first, page by page", async () => {
    const { pipeline } = startBackend();
    for (const value of ["Queued", "Downloading", "Transcribing"] as const)
      await report(pipeline, twitchId, value);
    const first = await pipeline.query(api.video.history, {
      twitchId,
      paginationOpts: { numItems: 2, cursor: null },
    });
    expect(first.page.map((event) => event.to)).toEqual(["Transcribing", "Downloading"]);
    expect(first.page[0]?.receivedAt).toBeGreaterThanOrEqual(START + 3000);
    const rest = await pipeline.query(api.video.history, {
      twitchId,
      paginationOpts: { numItems: 2, cursor: first.continueCursor },
    });
    expect(rest.page.map((event) => event.kind)).toEqual(["updated", "created"]);
  });

  test("of an unknown video is VIDEO_NOT_FOUND", async () => {
    const { pipeline } = startBackend();
    await expect(
      pipeline.query(api.video.history, { twitchId, paginationOpts: firstPage }),
    ).rejects.toMatchObject({ data: { code: "VIDEO_NOT_FOUND", twitchId } });
  });
});

describe("video:statusCounts", () => {
  test("counts every status, in the order of the statuses", async () => {
    const { pipeline } = startBackend();
    await report(pipeline, "1", "Queued");
    await report(pipeline, "2", "Failed");
    await report(pipeline, "3", "Failed");
    const counts = await pipeline.query(api.video.statusCounts, {});
    expect(counts.map((each) => each.status)).toEqual(VIDEO_STATUSES);
    expect(counts.map((each) => each.count)).toEqual([1, 0, 0, 0, 0, 0, 0, 2]);
  });
});

describe("progress", () => {
  test("the newest report of each video is kept", async () => {
    const { pipeline } = startBackend();
    const id = await createVideo(pipeline);
    const other = await createVideo(pipeline, "2");
    await pipeline.mutation(api.video.reportProgress, { twitchId, percent: 10, message: "ten" });
    vi.setSystemTime(START + 5000);
    await pipeline.mutation(api.video.reportProgress, { twitchId, percent: 5 });
    expect(await pipeline.query(api.video.progressOf, { videoIds: [id, other, id] })).toEqual([
      { videoId: id, percent: 5, heartbeatAt: START + 5000 },
    ]);
  });

  test("a report does not touch the video", async () => {
    const { t, pipeline } = startBackend();
    const id = await createVideo(pipeline);
    const before = await t.run((ctx) => ctx.db.get("videos", id));
    vi.setSystemTime(START + 5000);
    await pipeline.mutation(api.video.reportProgress, { twitchId, percent: 10 });
    expect(await t.run((ctx) => ctx.db.get("videos", id))).toEqual(before);
  });

  test("a report of an older run is ignored", async () => {
    const { pipeline } = startBackend();
    const id = await createVideo(pipeline);
    const update = status("Downloading", { run: { id: "new", startedAt: 2 } });
    await pipeline.mutation(api.video.updateStatusByTwitchId, update);
    const run = { id: "old", startedAt: 1 };
    await pipeline.mutation(api.video.reportProgress, { twitchId, percent: 10, run });
    expect(await pipeline.query(api.video.progressOf, { videoIds: [id] })).toEqual([]);
  });

  test("a report that arrives after Completed does not take the 100 percent back", async () => {
    const { pipeline } = startBackend();
    const id = await createVideo(pipeline);
    await pipeline.mutation(api.video.updateStatusByTwitchId, status("Completed"));
    await pipeline.mutation(api.video.reportProgress, { twitchId, percent: 97 });
    expect(await pipeline.query(api.video.progressOf, { videoIds: [id] })).toMatchObject([
      { percent: 100 },
    ]);
  });
});

describe("video:create", () => {
  test("creates a queued video once, and leaves it as it is the second time", async () => {
    const { t, pipeline } = startBackend();
    const first = await pipeline.mutation(api.video.create, { twitchId, title: "One" });
    const again = await pipeline.mutation(api.video.create, { twitchId, title: "Two" });
    expect(first.created).toBe(true);
    expect(again).toEqual({ videoId: first.videoId, created: false });
    expect(await t.query(api.video.getByTwitchIdPublic, { twitchId })).toMatchObject({
      _id: first.videoId,
      title: "One",
      status: "Queued",
      statusChangedAt: START,
    });
  });
});
