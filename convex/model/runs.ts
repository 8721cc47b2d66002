import type { ReportedRun, Run } from "@klipstream/contract";

import type { Doc, Id } from "../_generated/dataModel";
import type { MutationCtx, QueryCtx } from "../_generated/server";

/** A forgotten run is judged by what its requests say, as at first sight. It is older than all that are kept. */
export const PAST_RUNS_KEPT_PER_VIDEO = 100;

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
 * with one start, the one that was seen first is the older.
 */
export async function rank(
  ctx: QueryCtx,
  video: Doc<"videos">,
  { run: reported, now }: { run: ReportedRun | undefined; now: number },
): Promise<RankedRun> {
  if (reported === undefined) return NONE;
  const { id } = reported;
  const current = video.run;
  if (current?.id === id) return { rank: "current", run: current, toKeep: undefined };
  const past = current === undefined ? null : await find(ctx, video._id, id);
  if (past !== null)
    return { rank: "older", run: { id, startedAt: past.startedAt }, toKeep: undefined };
  const run = { id, startedAt: startOf(reported, now) };
  const isOlder = current !== undefined && run.startedAt < current.startedAt;
  return isOlder ? { rank: "older", run, toKeep: run } : { rank: "newer", run, toKeep: current };
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
