import type { ReportedRun, Run, UpdateMeta } from "@klipstream/contract";

import type { Doc, Id } from "../_generated/dataModel";
import type { MutationCtx, QueryCtx } from "../_generated/server";

/** A forgotten run is judged by what its requests say, as at first sight. It is older than all that are kept. */
export const PAST_RUNS_KEPT_PER_VIDEO = 100;

/**
 * Longer than an attempt of the client lasts (15 s, unless it is told otherwise). By so much may a run's start be fixed too
 * late; within it, the order in which one source names its runs tells more than their ages do.
 */
export const UNDER_WAY_MAX_MS = 20_000;

/** A request's run, with its start on the server's clock, and how it stands to the video's. */
export type RankedRun = {
  rank: "none" | "older" | "current" | "newer";
  run: Run | undefined;
  /** A run that will be known, and not be the video's, once this request is decided. */
  toKeep: Run | undefined;
};

/** What an update without a run has. */
export const NONE: RankedRun = { rank: "none", run: undefined, toKeep: undefined };

/**
 * Rule 2: how a request's run stands to the video's. Its start is fixed when it is first seen; what is said of it later is
 * ignored, so that two runs cannot take turns. A run that is known and not the video's is therefore older for good; of two
 * with one start, the one that was seen first is the older. So it is of two from one source, where the first request of the
 * one may have been under way still when the other started.
 */
export async function rank(
  ctx: QueryCtx,
  video: Doc<"videos">,
  { meta, now }: { meta: Pick<UpdateMeta, "run" | "source">; now: number },
): Promise<RankedRun> {
  const { run: reported, source } = meta;
  if (reported === undefined) return NONE;
  const { id } = reported;
  const current = video.run;
  if (current?.id === id) return { rank: "current", run: current, toKeep: undefined };
  const past = current === undefined ? null : await find(ctx, video._id, id);
  if (past !== null)
    return { rank: "older", run: { id, startedAt: past.startedAt }, toKeep: undefined };
  const run = { id, startedAt: startOf(reported, now) };
  if (current === undefined) return { rank: "newer", run, toKeep: undefined };
  const margin = source !== undefined && source.id === video.runSourceId ? UNDER_WAY_MAX_MS : 0;
  if (run.startedAt < current.startedAt - margin) return { rank: "older", run, toKeep: run };
  const startedAt = Math.max(run.startedAt, current.startedAt);
  return { rank: "newer", run: { id, startedAt }, toKeep: current };
}

/** Keeps a run that is not the video's. */
export async function keep(
  ctx: MutationCtx,
  videoId: Id<"videos">,
  run: Run | undefined,
): Promise<void> {
  if (run === undefined) return;
  const kept = await ofVideo(ctx, videoId).take(PAST_RUNS_KEPT_PER_VIDEO);
  const oldest = kept.length < PAST_RUNS_KEPT_PER_VIDEO ? undefined : kept[0];
  if (oldest !== undefined && oldest.startedAt >= run.startedAt) return;
  if (oldest !== undefined) await ctx.db.delete("videoRuns", oldest._id);
  await ctx.db.insert("videoRuns", { videoId, runId: run.id, startedAt: run.startedAt });
}

export async function removeAll(ctx: MutationCtx, videoId: Id<"videos">): Promise<void> {
  const kept = await ofVideo(ctx, videoId).take(PAST_RUNS_KEPT_PER_VIDEO);
  for (const { _id } of kept) await ctx.db.delete("videoRuns", _id);
}

/** Never later than the moment that the run is first seen. */
function startOf({ ageMs, startedAt }: ReportedRun, now: number): number {
  return ageMs === undefined ? Math.min(startedAt ?? now, now) : Math.max(0, now - ageMs);
}

async function find(ctx: QueryCtx, videoId: Id<"videos">, runId: string) {
  return await ctx.db
    .query("videoRuns")
    .withIndex("by_videoId_and_runId", (q) => q.eq("videoId", videoId).eq("runId", runId))
    .unique();
}

/** The oldest start first. */
function ofVideo(ctx: QueryCtx, videoId: Id<"videos">) {
  return ctx.db
    .query("videoRuns")
    .withIndex("by_videoId_and_startedAt", (q) => q.eq("videoId", videoId));
}
