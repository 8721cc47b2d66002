import type { ReportedRun, Source } from "@klipstream/contract";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { api } from "../_generated/api";
import { PAST_RUNS_KEPT_PER_VIDEO, UNDER_WAY_MAX_MS } from "../model/runs";
import {
  type Backend,
  type Caller,
  startWithVideo,
  status,
  stored,
  TWITCH_ID,
} from "./testing.setup";

const START = Date.UTC(2026, 0, 1);
const YEAR_MS = 365 * 24 * 60 * 60 * 1000;
const twitchId = TWITCH_ID;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: START });
});
afterEach(() => {
  vi.useRealTimers();
});

const pass = (ms: number) => vi.setSystemTime(Date.now() + ms);

async function reportIn(caller: Caller, run: ReportedRun, value: Parameters<typeof status>[0]) {
  pass(1_000);
  const result = await caller.mutation(api.video.updateStatusByTwitchId, status(value, { run }));
  return result.outcome;
}

const runsOf = (t: Backend) => t.run((ctx) => ctx.db.query("videoRuns").collect());

describe("a run's start", () => {
  test.each([
    ["its age", { ageMs: 400 }, 600],
    ["its age, where it says both", { ageMs: 400, startedAt: 7 }, 600],
    ["when it says that it started", { startedAt: START - 9 }, -9],
    ["never later than it is first seen", { startedAt: START + YEAR_MS }, 1_000],
    ["when it is first seen, where it says nothing", {}, 1_000],
  ])("is fixed by %s", async (_, said, expected) => {
    const { t, pipeline } = await startWithVideo();
    await reportIn(pipeline, { id: "r", ...said }, "Downloading");
    expect((await stored(t)).run).toEqual({ id: "r", startedAt: START + expected });
  });

  test("stays as it was first seen, whatever the run says of it later", async () => {
    const { t, pipeline } = await startWithVideo();
    await reportIn(pipeline, { id: "old", ageMs: 0 }, "Downloading");
    await reportIn(pipeline, { id: "new", ageMs: 0 }, "Transcribing");
    expect(await reportIn(pipeline, { id: "old", ageMs: 0 }, "Failed")).toBe("superseded");
    expect(await reportIn(pipeline, { id: "new", ageMs: YEAR_MS }, "Analyzing")).toBe("applied");
    expect((await stored(t)).run).toEqual({ id: "new", startedAt: START + 2_000 });
  });

  test("is before 1970 for no age", async () => {
    const { t, pipeline } = await startWithVideo();
    await reportIn(pipeline, { id: "r", ageMs: 1e13 }, "Downloading");
    expect((await stored(t)).run?.startedAt).toBe(0);
  });
});

describe("two runs", () => {
  test("a run after one that is dated a year ahead becomes the video's", async () => {
    const { t, pipeline } = await startWithVideo();
    const ahead = { id: "ahead", startedAt: START + YEAR_MS };
    await reportIn(pipeline, ahead, "Downloading");
    const next = { id: "next", startedAt: START + 2_000 };
    expect(await reportIn(pipeline, next, "Transcribing")).toBe("applied");
    expect(await reportIn(pipeline, ahead, "Failed")).toBe("superseded");
    expect(await stored(t)).toMatchObject({ status: "Transcribing", run: next });
  });

  test("of one start, the one that was seen first is the older, and they do not take turns", async () => {
    const { t, pipeline } = await startWithVideo();
    const [first, second] = [
      { id: "first", startedAt: 1 },
      { id: "second", startedAt: 1 },
    ];
    await reportIn(pipeline, first, "Downloading");
    expect(await reportIn(pipeline, second, "Transcribing")).toBe("applied");
    expect(await reportIn(pipeline, first, "Failed")).toBe("superseded");
    expect(await reportIn(pipeline, second, "Analyzing")).toBe("applied");
    expect((await stored(t)).run).toEqual(second);
  });

  test("an older run that is first seen late does not get newer by what it says next", async () => {
    const { pipeline } = await startWithVideo();
    await reportIn(pipeline, { id: "new", ageMs: 0 }, "Transcribing");
    expect(await reportIn(pipeline, { id: "old", ageMs: 5_000 }, "Failed")).toBe("superseded");
    expect(await reportIn(pipeline, { id: "old", ageMs: 0 }, "Failed")).toBe("superseded");
  });

  test.each([
    ["a", UNDER_WAY_MAX_MS, "applied"],
    ["a", UNDER_WAY_MAX_MS + 1, "superseded"],
    ["b", 1, "superseded"],
  ])(
    "a run from source %s that began %d ms before the start of one from source a was fixed, is %s",
    async (id, beforeMs, outcome) => {
      const { t, pipeline } = await startWithVideo();
      const update = (run: ReportedRun, source: Source, value: Parameters<typeof status>[0]) =>
        pipeline.mutation(
          api.video.updateStatusByTwitchId,
          status(value, { run, source, ageMs: 0 }),
        );
      await update({ id: "slow", ageMs: 0 }, { id: "a", sequence: 1 }, "Downloading");
      const next = { id: "next", ageMs: beforeMs };
      expect(await update(next, { id, sequence: 2 }, "Analyzing")).toMatchObject({ outcome });
      const name = outcome === "applied" ? "next" : "slow";
      expect((await stored(t)).run).toEqual({ id: name, startedAt: START });
    },
  );

  test("a newer run's rollback that finds nothing leaves the video its run", async () => {
    const { t, pipeline } = await startWithVideo();
    await reportIn(pipeline, { id: "old", ageMs: 0 }, "Downloading");
    const before = await stored(t);
    const rollback = { source: { id: "a", sequence: 1 }, run: { id: "new", ageMs: 0 } };
    expect(
      await pipeline.mutation(api.video.rollbackStatus, { twitchId, ...rollback }),
    ).toMatchObject({ success: false, code: "NOTHING_TO_ROLL_BACK" });
    expect(await stored(t)).toEqual(before);
  });

  test("progress of an older run is ignored, by age as by time", async () => {
    const { t, pipeline } = await startWithVideo();
    await reportIn(pipeline, { id: "new", ageMs: 1_000 }, "Downloading");
    const report = (percent: number, run: ReportedRun) =>
      pipeline.mutation(api.video.reportProgress, { twitchId, percent, run });
    await report(10, { id: "new", ageMs: 1_000 });
    await report(20, { id: "old", ageMs: 2_000 });
    await report(30, { id: "old", startedAt: START - 1 });
    const progress = await t.run((ctx) => ctx.db.query("videoProgress").collect());
    expect(progress).toMatchObject([{ percent: 10 }]);
    expect(await runsOf(t)).toEqual([]);
  });
});

describe("the past runs of a video", () => {
  async function startWithRuns(count: number) {
    const backend = await startWithVideo();
    for (let index = 1; index <= count; index += 1)
      await reportIn(backend.pipeline, { id: `r${index}`, ageMs: 0 }, "Downloading");
    return backend;
  }

  test("are kept by the start, but no more than 100 of them", async () => {
    const { t } = await startWithRuns(PAST_RUNS_KEPT_PER_VIDEO + 3);
    const ids = (await runsOf(t)).map(({ runId }) => runId);
    expect(ids).toHaveLength(PAST_RUNS_KEPT_PER_VIDEO);
    expect(ids).not.toContain("r2");
    expect(ids).toContain("r3");
    // The video's own run is not among them.
    expect(ids).toContain("r102");
    expect(ids).not.toContain("r103");
  });

  test("a run that was forgotten is older still by what it says, and pushes no newer one out", async () => {
    const { t, pipeline } = await startWithRuns(PAST_RUNS_KEPT_PER_VIDEO + 2);
    const before = await runsOf(t);
    const forgotten = { id: "r1", ageMs: Date.now() - START };
    expect(await reportIn(pipeline, forgotten, "Failed")).toBe("superseded");
    expect(await runsOf(t)).toEqual(before);
  });
});
