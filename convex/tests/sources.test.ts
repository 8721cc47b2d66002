import type { UpdateMeta } from "@klipstream/contract";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { api } from "../_generated/api";
import { SOURCES_KEPT_PER_VIDEO } from "../model/sources";
import {
  type Backend,
  type Caller,
  createVideo,
  eventsOf,
  startBackend,
  startWithVideo,
  status,
  stored,
  TWITCH_ID,
} from "./testing.setup";

const START = Date.UTC(2026, 0, 1);
const twitchId = TWITCH_ID;
const URLS = { chatUrl: "gs://bucket/chat" };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: START });
});
afterEach(() => {
  vi.useRealTimers();
});

const pass = (ms: number) => vi.setSystemTime(Date.now() + ms);

/** The number of an update in a source, sent at once. */
const from = (id: string, sequence: number): UpdateMeta => ({ source: { id, sequence }, ageMs: 0 });

/** Reports a minute after whatever was before. */
async function report(caller: Caller, ...args: Parameters<typeof status>) {
  pass(60_000);
  return await caller.mutation(api.video.updateStatusByTwitchId, status(...args));
}

const rollBack = (caller: Caller, meta: UpdateMeta = {}) =>
  caller.mutation(api.video.rollbackStatus, { twitchId, ...meta });

const sourcesOf = (t: Backend) => t.run((ctx) => ctx.db.query("videoSources").collect());

describe("once, by the number in the source", () => {
  test("a late copy of an update that was unchanged changes nothing", async () => {
    const { t, pipeline } = await startWithVideo();
    await report(pipeline, "Transcribing", from("a", 1));
    expect(await report(pipeline, "Transcribing", from("a", 2))).toMatchObject({
      outcome: "unchanged",
    });
    await report(pipeline, "Analyzing", from("a", 3));
    const before = [await stored(t), await eventsOf(pipeline)];
    expect(await report(pipeline, "Transcribing", from("a", 2))).toMatchObject({
      ...{ success: true, outcome: "superseded", status: "Analyzing" },
    });
    expect([await stored(t), await eventsOf(pipeline)]).toEqual(before);
  });

  test("a late copy of a rollback that was refused changes nothing", async () => {
    const { t, pipeline } = await startWithVideo();
    const late = { ...from("a", 1), updateId: "r1" };
    expect(await rollBack(pipeline, late)).toEqual({
      ...{ success: false, code: "NOTHING_TO_ROLL_BACK" },
      message: expect.any(String) as string,
    });
    await report(pipeline, "Completed", from("a", 2));
    const before = [await stored(t), await eventsOf(pipeline)];
    expect(await rollBack(pipeline, late)).toMatchObject({ outcome: "superseded" });
    expect([await stored(t), await eventsOf(pipeline)]).toEqual(before);
  });

  test("a late copy of a rollback that was refused changes nothing, even where nothing followed in its source", async () => {
    const { pipeline } = await startWithVideo();
    await rollBack(pipeline, from("a", 1));
    await report(pipeline, "Completed", from("b", 1));
    expect(await rollBack(pipeline, from("a", 1))).toMatchObject({ status: "Completed" });
  });

  test("an update that comes for the first time after a later one of its source changes nothing", async () => {
    const { t, pipeline } = await startWithVideo();
    await report(pipeline, "Completed", from("a", 2));
    const late = await report(pipeline, "Downloading", { ...from("a", 1), updateId: "u1" });
    expect(late).toMatchObject({ outcome: "superseded", status: "Completed" });
    expect((await stored(t)).status).toBe("Completed");
    expect(await eventsOf(pipeline)).toHaveLength(2);
  });

  test("an update with a receipt is a duplicate, whatever its age is by now", async () => {
    const { pipeline } = await startWithVideo();
    const run = { id: "r", ageMs: 5 };
    await report(pipeline, "Downloading", { ...from("a", 1), updateId: "u1", run });
    const again = { ...from("a", 1), updateId: "u1", ageMs: 9, run: { id: "r", ageMs: 14 } };
    expect(await report(pipeline, "Downloading", again)).toMatchObject({ outcome: "duplicate" });
  });

  test("a reused updateId is refused, and its number counts all the same", async () => {
    const { pipeline } = await startWithVideo();
    await report(pipeline, "Downloading", { ...from("a", 1), updateId: "u1" });
    const record = async (meta: UpdateMeta) =>
      await pipeline.mutation(api.video.recordUpdates, { updates: [status("Failed", meta)] });
    expect(await record({ ...from("a", 2), updateId: "u1" })).toMatchObject([
      { success: false, code: "UPDATE_ID_REUSED" },
    ]);
    expect(await record(from("a", 2))).toMatchObject([{ outcome: "superseded" }]);
    expect(await rollBack(pipeline, { ...from("a", 3), updateId: "u1" })).toMatchObject({
      ...{ success: false, code: "UPDATE_ID_REUSED" },
    });
    expect(await rollBack(pipeline, from("a", 3))).toMatchObject({ outcome: "superseded" });
  });

  test("a rollback of an unknown video is an error, with a source or without", async () => {
    const { pipeline } = startBackend();
    await expect(rollBack(pipeline, from("a", 1))).rejects.toMatchObject({
      data: { code: "VIDEO_NOT_FOUND" },
    });
  });

  test("the numbers of one video say nothing of another", async () => {
    const { t, pipeline } = await startWithVideo();
    await createVideo(pipeline, "7");
    await report(pipeline, "Completed", from("a", 9));
    const other = { ...status("Downloading", from("a", 1)), twitchId: "7" };
    await pipeline.mutation(api.video.updateStatusByTwitchId, other);
    expect((await stored(t, "7")).status).toBe("Downloading");
  });

  test("the number of the update that creates a video counts, too", async () => {
    const { pipeline } = startBackend();
    const updates = [{ twitchId, urls: URLS, ...from("a", 1) }];
    const record = () =>
      pipeline.mutation(api.video.recordUpdates, { updates, createMissing: true });
    expect(await record()).toMatchObject([{ outcome: "applied" }]);
    expect(await record()).toMatchObject([{ outcome: "superseded" }]);
  });

  test("a source has one row of a video, however much it reports", async () => {
    const { t, pipeline } = await startWithVideo();
    for (const sequence of [1, 2, 5]) await report(pipeline, "Downloading", from("a", sequence));
    expect(await sourcesOf(t)).toMatchObject([
      { sourceId: "a", sequence: 5, decidedAt: Date.now() },
    ]);
  });
});

describe("the sources of a video", () => {
  /** As many as are kept, and the first of them again, so that the second is the one to be forgotten. */
  async function startWithAllSources() {
    const backend = await startWithVideo();
    for (let index = 1; index <= SOURCES_KEPT_PER_VIDEO; index += 1)
      await report(
        backend.pipeline,
        index % 2 === 0 ? "Analyzing" : "Queued",
        from(`s${index}`, 1),
      );
    await report(backend.pipeline, "Downloading", from("s1", 2));
    return backend;
  }

  test("with one more than are kept, the one that was decided longest ago is forgotten", async () => {
    const { t, pipeline } = await startWithAllSources();
    const second = (await sourcesOf(t)).find(({ sourceId }) => sourceId === "s2");
    await report(pipeline, "Completed", from("new", 1));
    const ids = (await sourcesOf(t)).map(({ sourceId }) => sourceId);
    expect(ids).toHaveLength(SOURCES_KEPT_PER_VIDEO);
    expect(ids).not.toContain("s2");
    expect(ids).toEqual(expect.arrayContaining(["s1", "s3", "new"]));
    expect((await stored(t)).sourcesForgottenBefore).toBe(second?.decidedAt);
  });

  test("what the same batch has decided before counts for which one is forgotten", async () => {
    const { t, pipeline } = await startWithAllSources();
    pass(60_000);
    await pipeline.mutation(api.video.recordUpdates, {
      updates: [status("Failed", from("s2", 2)), status("Completed", from("new", 1))],
    });
    const ids = (await sourcesOf(t)).map(({ sourceId }) => sourceId);
    expect(ids).toHaveLength(SOURCES_KEPT_PER_VIDEO);
    expect(ids).not.toContain("s3");
    expect(ids).toEqual(expect.arrayContaining(["s1", "s2", "new"]));
  });

  test("what a forgotten source sent comes to nothing when it comes again", async () => {
    const { t, pipeline } = await startWithAllSources();
    await report(pipeline, "Completed", from("new", 1));
    const before = [await stored(t), await sourcesOf(t), await eventsOf(pipeline)];
    const { sourcesForgottenBefore = 0 } = await stored(t);
    pass(60_000);
    const again = { ...from("s2", 1), ageMs: Date.now() - sourcesForgottenBefore };
    expect(
      await pipeline.mutation(api.video.updateStatusByTwitchId, status("Failed", again)),
    ).toMatchObject({ outcome: "superseded", status: "Completed" });
    expect([await stored(t), await sourcesOf(t), await eventsOf(pipeline)]).toEqual(before);
  });

  test("what a forgotten source reports anew is taken", async () => {
    const { t, pipeline } = await startWithAllSources();
    await report(pipeline, "Completed", from("new", 1));
    expect(await report(pipeline, "Failed", from("s2", 2))).toMatchObject({ outcome: "applied" });
    expect(await sourcesOf(t)).toHaveLength(SOURCES_KEPT_PER_VIDEO);
  });

  test("an update of unknown age from a source that is not known is taken as it comes", async () => {
    const { pipeline } = await startWithAllSources();
    await report(pipeline, "Completed", from("new", 1));
    const ageless = { source: { id: "newer", sequence: 1 } };
    expect(await report(pipeline, "Failed", ageless)).toMatchObject({ outcome: "applied" });
  });
});
