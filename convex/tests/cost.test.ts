import { readFileSync } from "node:fs";
import { join } from "node:path";

import { type Update, VIDEO_STATUSES } from "@klipstream/contract";
import { beforeAll, describe, expect, test } from "vitest";

import { api, internal } from "../_generated/api";
import type { Id } from "../_generated/dataModel";
import type { MutationCtx } from "../_generated/server";
import { COUNT_CAP } from "../model/views";
import { PIPELINE, startBackend } from "./testing.setup";

const FEW = 10;
const MANY = 5_000;
/** More events than any video keeps for good, on the one that is measured. */
const EVENTS_OF_SUBJECT = 120;
/** The account, and its key. */
const READ_FOR_ACCESS = 2;
const SUBJECT = "77";
const SCRATCH = "077";
const RUN = { id: "run", startedAt: 1 };
const paginationOpts = { numItems: 5, cursor: null };
const twitchId = SUBJECT;

/** One of the 5,000: it has two events, nothing is told of it but this, and it is not stalled. */
const ORDINARY = { twitchId: "10012", status: VIDEO_STATUSES[4] } as const;
const fromSource = (sequence: number) => ({ source: { id: "s", sequence }, ageMs: 1 });
const report =
  (update: Partial<Update>): Call =>
  (ctx) =>
    ctx.runMutation(api.video.recordUpdates, {
      updates: [{ twitchId: ORDINARY.twitchId, updateId: "new", ...update }],
    });

/** The rows of ARCHITECTURE.md's table: the calls without a source and with one. */
const TABLE: Record<string, (id: Id<"videos">) => [Call, Call]> = {
  "a status or URLs, applied": () => bothOf({ status: "Transcribing" }),
  "`unchanged`": () => bothOf({ status: ORDINARY.status }),
  // What was decided of a source comes again under its number.
  "`duplicate`": (id) => {
    const again = { status: "Downloading", updateId: `${id}-2` } as const;
    return [report(again), report({ ...again, ...fromSource(1) })];
  },
  "a newer run takes over, once": () =>
    bothOf({ status: "Transcribing", run: { id: "new", ageMs: 1 } }),
  "an older run's": () => bothOf({ status: "Transcribing", run: { id: "past" } }),
  "a rollback": () =>
    [{}, fromSource(2)].map(
      (meta): Call =>
        (ctx) =>
          ctx.runMutation(api.video.rollbackStatus, { twitchId: ORDINARY.twitchId, ...meta }),
    ) as [Call, Call],
};

function bothOf(update: Partial<Update>): [Call, Call] {
  return [report(update), report({ ...update, ...fromSource(2) })];
}

type Backend = ReturnType<typeof startBackend>["pipeline"];
type Seeded = { backend: Backend; id: Id<"videos"> };
type Call = (ctx: MutationCtx, id: Id<"videos">) => Promise<unknown>;

const PUBLIC_CALLS: Record<string, Call> = {
  getByTwitchIdPublic: (ctx) => ctx.runQuery(api.video.getByTwitchIdPublic, { twitchId }),
  updateStatus: (ctx, id) =>
    ctx.runMutation(api.video.updateStatus, { id, status: "Completed", updateId: "a", run: RUN }),
  updateStatusByTwitchId: (ctx) =>
    ctx.runMutation(api.video.updateStatusByTwitchId, {
      twitchId,
      status: "Failed",
      updateId: "b",
    }),
  updateUrls: (ctx) =>
    ctx.runMutation(api.video.updateUrls, { twitchId, urls: { chatUrl: "gs://b/new" } }),
  "updateStatus from a source": (ctx, id) =>
    ctx.runMutation(api.video.updateStatus, {
      ...{ id, status: "Completed", updateId: "a", source: { id: "s", sequence: 2 }, ageMs: 1 },
      run: { id: "current", ageMs: 1 },
    }),
  "updateStatus from a new source, in a new run": (ctx, id) =>
    ctx.runMutation(api.video.updateStatus, {
      ...{ id, status: "Completed", source: { id: "new", sequence: 1 }, ageMs: 1 },
      run: { id: "new", ageMs: 1 },
    }),
  "updateStatus in an older run": (ctx, id) =>
    ctx.runMutation(api.video.updateStatus, { id, status: "Failed", run: { id: "past" } }),
  recordUpdates: (ctx) =>
    ctx.runMutation(api.video.recordUpdates, {
      createMissing: true,
      updates: [
        { twitchId, status: "Queued", updateId: "c" },
        { twitchId, status: "Queued", updateId: "c" },
        { twitchId: "78", status: "Downloading", updateId: "d" },
      ],
    }),
  create: (ctx) => ctx.runMutation(api.video.create, { twitchId: "79", title: "New" }),
  rollbackStatus: (ctx) => ctx.runMutation(api.video.rollbackStatus, { twitchId, updateId: "e" }),
  reportProgress: (ctx) => ctx.runMutation(api.video.reportProgress, { twitchId, percent: 12 }),
  removeScratch: (ctx) => ctx.runMutation(api.video.removeScratch, { twitchId: SCRATCH }),
  list: (ctx) => ctx.runQuery(api.video.list, { paginationOpts }),
  "list by status": (ctx) => ctx.runQuery(api.video.list, { status: "Queued", paginationOpts }),
  "list of the stalled": (ctx) =>
    ctx.runQuery(api.video.list, { stalledOnly: true, paginationOpts }),
  "list of the stalled by status": (ctx) =>
    ctx.runQuery(api.video.list, { status: "Transcribing", stalledOnly: true, paginationOpts }),
  get: (ctx) => ctx.runQuery(api.video.get, { twitchId }),
  history: (ctx) => ctx.runQuery(api.video.history, { twitchId, paginationOpts }),
  progressOf: (ctx, id) => ctx.runQuery(api.video.progressOf, { videoIds: [id] }),
};

const INTERNAL_CALLS: Record<string, Call> = {
  "maintenance:markStalledBatch": (ctx) =>
    ctx.runMutation(internal.maintenance.markStalledBatch, {
      status: "Analyzing",
      silentBefore: 2,
      cursor: null,
    }),
  "maintenance:pruneEvents": (ctx) => ctx.runMutation(internal.maintenance.pruneEvents, {}),
  "maintenance:removeScratchEvents": (ctx, id) =>
    ctx.runMutation(internal.maintenance.removeScratchEvents, { videoId: id }),
  "serviceAccounts:setDisabled": (ctx) =>
    ctx.runMutation(internal.serviceAccounts.setDisabled, {
      account: PIPELINE.subject,
      disabled: true,
      by: "test",
    }),
  "serviceAccounts:list": (ctx) => ctx.runQuery(internal.serviceAccounts.list, {}),
};

/** What a call reads and writes, in a transaction that is then thrown away. */
async function measure({ backend, id }: Seeded, call: Call) {
  const cost = { value: null as unknown };
  const discard = new Error("measured");
  await expect(
    backend.mutation(async (ctx) => {
      await call(ctx, id);
      const { documentsRead, documentsWritten, databaseQueries } =
        await ctx.meta.getTransactionMetrics();
      cost.value = {
        documentsRead: documentsRead.used,
        documentsWritten: documentsWritten.used,
        databaseQueries: databaseQueries.used,
      };
      throw discard;
    }),
  ).rejects.toThrow(discard);
  return cost.value as Record<"documentsRead" | "documentsWritten" | "databaseQueries", number>;
}

async function insertVideo(ctx: MutationCtx, id: string, index: number) {
  const status = VIDEO_STATUSES[index % VIDEO_STATUSES.length] ?? "Queued";
  const videoId = await ctx.db.insert("videos", {
    twitchId: id,
    status,
    statusChangedAt: index,
    statusReported: true,
    changedAt: 1000 + index,
    run: { id: "current", startedAt: 1 },
    // The first ten of any size hold enough stalled ones for a page.
    ...(index < FEW ? { stalledSince: 1000 + index, status: "Transcribing" as const } : {}),
  });
  await ctx.db.insert("videoProgress", { videoId, percent: 1, heartbeatAt: 1 });
  await ctx.db.insert("videoSources", { videoId, sourceId: "s", sequence: 1, decidedAt: 1 });
  await ctx.db.insert("videoRuns", { videoId, runId: "past", startedAt: 0 });
  return videoId;
}

async function insertEvent(ctx: MutationCtx, videoId: Id<"videos">, sequence: number) {
  const [from, to] =
    sequence % 2 === 0
      ? (["Queued", "Downloading"] as const)
      : (["Downloading", "Queued"] as const);
  await ctx.db.insert("videoEvents", {
    ...{ videoId, sequence, kind: "updated", updateId: `${videoId}-${sequence}`, from, to },
    ...{ occurredAt: sequence, actor: "raw-1", applied: true, undoableInRun: "current" },
  });
}

async function seed(videos: number): Promise<Seeded> {
  const { t, pipeline: backend } = startBackend();
  for (let start = 0; start < videos; start += 1000)
    await t.run(async (ctx) => {
      for (let index = start; index < Math.min(start + 1000, videos); index += 1) {
        const videoId = await insertVideo(ctx, String(10_000 + index), index);
        for (const sequence of [1, 2]) await insertEvent(ctx, videoId, sequence);
      }
    });
  const id = await t.run(async (ctx) => {
    const mutationCtx = ctx as unknown as MutationCtx;
    for (let index = 0; index < 6; index += 1) await insertVideo(mutationCtx, `${900 + index}`, 16);
    await insertVideo(mutationCtx, SCRATCH, FEW);
    const subject = await insertVideo(mutationCtx, SUBJECT, FEW + 1);
    for (let sequence = 1; sequence <= EVENTS_OF_SUBJECT; sequence += 1)
      await insertEvent(mutationCtx, subject, sequence);
    return subject;
  });
  return { backend, id };
}

describe("the cost of a call", () => {
  let few: Seeded;
  let many: Seeded;
  beforeAll(async () => {
    [few, many] = [await seed(FEW), await seed(MANY)];
  });

  test.each(Object.entries({ ...PUBLIC_CALLS, ...INTERNAL_CALLS }))(
    "%s is the same with 10 videos and with 5,000",
    async (_, call) => {
      const cost = await measure(few, call);
      expect(await measure(many, call)).toEqual(cost);
      expect(cost.documentsRead + cost.documentsWritten + cost.databaseQueries).toBeGreaterThan(0);
    },
  );

  test("statusCounts reads at most 100 videos a status", async () => {
    const call: Call = (ctx) => ctx.runQuery(api.video.statusCounts, {});
    const { documentsRead } = await measure(many, call);
    expect(documentsRead).toBeLessThanOrEqual(VIDEO_STATUSES.length * COUNT_CAP + READ_FOR_ACCESS);
  });

  test("one batch of the stalled cron reads and marks at most 100 videos", async () => {
    const batch = { status: "Analyzing", silentBefore: 1e12, cursor: null } as const;
    const { documentsRead, documentsWritten } = await measure(many, (ctx) =>
      ctx.runMutation(internal.maintenance.markStalledBatch, batch),
    );
    expect(documentsRead).toBeLessThanOrEqual(3 * 100);
    expect(documentsWritten).toBeLessThanOrEqual(100);
  });

  test("a rollback reads a handful of documents, however long the history is", async () => {
    const { documentsRead } = await measure(many, (ctx) =>
      ctx.runMutation(api.video.rollbackStatus, { twitchId }),
    );
    expect(documentsRead).toBeLessThan(10);
  });

  /** Updates of one video that come together. */
  const batchOf = (video: string, sourceId: string, count: number) => (ctx: MutationCtx) =>
    ctx.runMutation(api.video.recordUpdates, {
      updates: Array.from({ length: count }, (_, index) => ({
        ...{ twitchId: video, urls: { chatUrl: `gs://b/${index}` }, updateId: `further${index}` },
        ...{ source: { id: sourceId, sequence: 2 + index }, ageMs: 1 },
      })),
    });

  test.each(["s", "new"])(
    "each further update of a video in one batch costs its event, and a look for its receipt (source %s)",
    async (source) => {
      const one = await measure(few, batchOf("900", source, 1));
      expect(await measure(few, batchOf("900", source, 40))).toEqual({
        documentsRead: one.documentsRead,
        documentsWritten: one.documentsWritten + 39,
        databaseQueries: one.databaseQueries + 39,
      });
    },
  );

  test("is what the table of ARCHITECTURE.md says, access included", async () => {
    const document = readFileSync(join(import.meta.dirname, "../../ARCHITECTURE.md"), "utf8");
    const [, section = ""] = document.split("### What it costs\n");
    const rows = [...section.matchAll(/^\| (.+?) +\| (\d.+?) +\| (\d.+?) +\|$/gm)];
    const { backend } = many;
    const id = await backend.run(async (ctx) => {
      const { twitchId: ordinary } = ORDINARY;
      const videos = ctx.db
        .query("videos")
        .withIndex("by_twitchId", (q) => q.eq("twitchId", ordinary));
      return (await videos.unique())?._id;
    });
    if (id === undefined) throw new Error("the ordinary video is not there");
    const measured = [];
    for (const [name, calls] of Object.entries(TABLE)) {
      const [without, from] = calls(id);
      measured.push([name, await wordsOf(without), await wordsOf(from)]);
    }
    expect(rows.map(([, ...cells]) => cells)).toEqual(measured);

    async function wordsOf(call: Call): Promise<string> {
      const { documentsRead, documentsWritten } = await measure(many, call);
      return `${documentsRead} read, ${documentsWritten} written`;
    }
  });

  test("of an event after the 50th is 2 reads and 1 write more, as ARCHITECTURE.md says", async () => {
    const call = (twitchId: string): Call => report({ twitchId, urls: { chatUrl: "gs://b/more" } });
    const [usual, more] = [
      await measure(many, call(ORDINARY.twitchId)),
      await measure(many, call(SUBJECT)),
    ];
    expect(more.documentsRead).toBe(usual.documentsRead + 2);
    expect(more.documentsWritten).toBe(usual.documentsWritten + 1);
  });

  test("covers every public function", () => {
    const covered = Object.keys(PUBLIC_CALLS).map((name) => name.split(" ")[0]);
    expect(new Set([...covered, "statusCounts"]).size).toBe(14);
  });

  test("would be seen to grow: a read of all videos is not the same", async () => {
    const scan: Call = (ctx) => ctx.db.query("videos").collect();
    expect(await measure(few, scan)).not.toEqual(await measure(many, scan));
  });
});
