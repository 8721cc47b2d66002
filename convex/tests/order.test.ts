import type { UpdateMeta, VideoStatus } from "@klipstream/contract";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { api } from "../_generated/api";
import { type Caller, startWithVideo, status, stored, TWITCH_ID } from "./testing.setup";

const START = Date.UTC(2026, 0, 1);
const HOUR_MS = 60 * 60 * 1000;
const twitchId = TWITCH_ID;
const OLD_RUN = { id: "old", startedAt: START - 2 * HOUR_MS };
const RUN = { id: "run", startedAt: START - HOUR_MS };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: START });
});
afterEach(() => {
  vi.useRealTimers();
});

const pass = (ms: number) => vi.setSystemTime(Date.now() + ms);

let sent = 0;
const source = (id: string) => ({ source: { id, sequence: ++sent } });

const report = (caller: Caller, value: VideoStatus, meta: UpdateMeta) =>
  caller.mutation(api.video.updateStatusByTwitchId, status(value, meta));

type Outcomes = [string, string, string];
type Row = [string, { stands: UpdateMeta; comes: () => UpdateMeta; outcomes: Outcomes }];

/** The table of rule 3: the outcomes where what comes is earlier, later, of unknown age. */
const TABLE: Row[] = [
  [
    "the same source",
    {
      stands: { ...source("a"), run: RUN },
      comes: () => ({ ...source("a"), run: RUN }),
      outcomes: ["applied", "applied", "applied"],
    },
  ],
  [
    "the same source without a run",
    { stands: source("a"), comes: () => source("a"), outcomes: ["applied", "applied", "applied"] },
  ],
  [
    "another source of the run",
    {
      stands: { ...source("a"), run: RUN },
      comes: () => ({ ...source("b"), run: RUN }),
      outcomes: ["superseded", "applied", "applied"],
    },
  ],
  [
    "an older run",
    {
      stands: { ...source("a"), run: OLD_RUN },
      comes: () => ({ ...source("b"), run: RUN }),
      outcomes: ["applied", "applied", "applied"],
    },
  ],
  [
    "an older run, by callers without a source",
    {
      stands: { run: OLD_RUN },
      comes: () => ({ run: RUN }),
      outcomes: ["applied", "applied", "applied"],
    },
  ],
  [
    "another source, with no run",
    {
      stands: { ...source("a"), run: RUN },
      comes: () => source("b"),
      outcomes: ["superseded", "applied", "applied"],
    },
  ],
  [
    "no run and another source",
    {
      stands: source("a"),
      comes: () => ({ ...source("b"), run: RUN }),
      outcomes: ["superseded", "applied", "applied"],
    },
  ],
  [
    "no run and no source",
    {
      stands: {},
      comes: () => ({ ...source("b"), run: RUN }),
      outcomes: ["superseded", "applied", "applied"],
    },
  ],
];

describe.each(TABLE)("beside a value of %s", (_, { stands, comes, outcomes }) => {
  test.each([
    ["earlier", { ageMs: 2_001 }, outcomes[0]],
    ["of the same moment", { ageMs: 2_000 }, outcomes[1]],
    ["later", { ageMs: 0 }, outcomes[1]],
  ])("a status that is %s", async (_age, age, outcome) => {
    const { t, pipeline } = await startWithVideo();
    await report(pipeline, "Transcribing", { ...stands, ageMs: 0 });
    pass(2_000);
    expect(await report(pipeline, "Analyzing", { ...comes(), ...age })).toMatchObject({ outcome });
    expect((await stored(t)).status).toBe(outcome === "applied" ? "Analyzing" : "Transcribing");
  });

  test("a status of unknown age is taken as it comes", async () => {
    const { pipeline } = await startWithVideo();
    await report(pipeline, "Transcribing", { ...stands, ageMs: 0 });
    const ageless = { ...source("c"), ...comes() };
    expect(await report(pipeline, "Analyzing", ageless)).toMatchObject({ outcome: outcomes[2] });
  });
});

describe("a rollback", () => {
  test.each([
    ["earlier, of the same source", () => ({ ...source("a"), ageMs: 2_001 }), "applied"],
    ["earlier, of another source", () => ({ ...source("b"), ageMs: 2_001 }), "superseded"],
    ["later, of another source", () => ({ ...source("b"), ageMs: 0 }), "applied"],
    ["of unknown age, of another source", () => source("b"), "applied"],
  ])("that is %s than the status, obeys the same table", async (_, meta, outcome) => {
    const { pipeline } = await startWithVideo();
    await report(pipeline, "Transcribing", { ...source("a"), run: RUN, ageMs: 0 });
    pass(2_000);
    const rollback = { twitchId, ...meta(), run: RUN };
    expect(await pipeline.mutation(api.video.rollbackStatus, rollback)).toMatchObject({ outcome });
  });

  test("is itself what a later update is ordered by", async () => {
    const { t, pipeline } = await startWithVideo();
    await report(pipeline, "Transcribing", { ...source("a"), ageMs: 0 });
    pass(2_000);
    await pipeline.mutation(api.video.rollbackStatus, { twitchId, ...source("a"), ageMs: 0 });
    const late = { ...source("b"), ageMs: 1_000 };
    expect((await report(pipeline, "Failed", late)).outcome).toBe("superseded");
    expect(await stored(t)).toMatchObject({ status: "Queued", statusChangedAt: START + 2_000 });
  });
});

describe("the marks of a video", () => {
  test("a status that is confirmed is as new as one that is changed", async () => {
    const { t, pipeline } = await startWithVideo();
    await report(pipeline, "Transcribing", { ...source("a"), ageMs: 0 });
    pass(2_000);
    const confirmed = await report(pipeline, "Transcribing", { ...source("a"), ageMs: 0 });
    expect(confirmed.outcome).toBe("unchanged");
    const between = await report(pipeline, "Downloading", { ...source("b"), ageMs: 1_000 });
    expect(between).toMatchObject({ outcome: "superseded", status: "Transcribing" });
    expect((await stored(t)).statusChangedAt).toBe(START);
  });

  test("a URL has an order of its own, by source and age as well", async () => {
    const { t, pipeline } = await startWithVideo();
    const record = (urls: object, meta: UpdateMeta) =>
      pipeline.mutation(api.video.updateUrls, { twitchId, urls, ...meta });
    await record({ chatUrl: "gs://b/1" }, { ...source("a"), ageMs: 0 });
    pass(2_000);
    const late = { ...source("b"), ageMs: 3_000 };
    const mixed = await record({ chatUrl: "gs://b/2", transcriptUrl: "gs://b/2" }, late);
    expect(mixed.outcome).toBe("applied");
    expect(await stored(t)).toMatchObject({ chatUrl: "gs://b/1", transcriptUrl: "gs://b/2" });
  });

  test("a document without marks is ordered by when its status changed", async () => {
    const { t, pipeline } = await startWithVideo();
    await report(pipeline, "Completed", { ageMs: 0 });
    const { _id } = await stored(t);
    await t.run((ctx) => ctx.db.patch("videos", _id, { marks: undefined }));
    expect((await report(pipeline, "Failed", { ageMs: 1 })).outcome).toBe("superseded");
    expect((await report(pipeline, "Failed", { ageMs: 0 })).outcome).toBe("applied");
  });
});

describe("what people are shown", () => {
  test.each([
    ["the moment by the age", { ageMs: 7 }, -7],
    [
      "what the reporter says, beside an age that orders",
      { ageMs: 7, occurredAt: START - 99 },
      -99,
    ],
    ["nothing later than now", { ageMs: 7, occurredAt: START + HOUR_MS }, 0],
    ["when it came, where nothing is said", source("a"), 0],
    [
      "what the reporter says, where that orders nothing",
      { ...source("a"), occurredAt: 5 },
      5 - START,
    ],
  ])("is %s", async (_, meta, expected) => {
    const { t, pipeline } = await startWithVideo();
    await report(pipeline, "Failed", meta);
    const { statusChangedAt, failure } = await stored(t);
    expect([statusChangedAt, failure?.at]).toEqual([START + expected, START + expected]);
  });
});
