import {
  STATUS_ANALYZING,
  STATUS_DOWNLOADING,
  STATUS_FETCHING_CHAT,
  STATUS_FINDING_HIGHLIGHTS,
  STATUS_TRANSCRIBING,
  type VideoStatus,
} from "@klipstream/contract";
import { v } from "convex/values";

import type { Doc } from "../_generated/dataModel";
import type { MutationCtx } from "../_generated/server";
import * as Progress from "./progress";

const MINUTE_MS = 60_000;

/**
 * How long a video may be silent in each status that work is done in. A judgement, not a measurement: a pipeline that
 * sends no heartbeats is silent for a whole stage, and a stage of a VOD of many hours takes hours, transcribing most.
 * `Queued` has no limit: nothing runs that could give a sign of life.
 */
export const SILENCE_LIMIT_MS = {
  [STATUS_DOWNLOADING]: 120 * MINUTE_MS,
  [STATUS_FETCHING_CHAT]: 60 * MINUTE_MS,
  [STATUS_TRANSCRIBING]: 240 * MINUTE_MS,
  [STATUS_ANALYZING]: 120 * MINUTE_MS,
  [STATUS_FINDING_HIGHLIGHTS]: 60 * MINUTE_MS,
} as const satisfies Partial<Record<VideoStatus, number>>;

export type WorkingStatus = keyof typeof SILENCE_LIMIT_MS;

export const WORKING_STATUSES = Object.keys(SILENCE_LIMIT_MS) as WorkingStatus[];

export const vWorkingStatus = v.union(
  v.literal(STATUS_DOWNLOADING),
  v.literal(STATUS_FETCHING_CHAT),
  v.literal(STATUS_TRANSCRIBING),
  v.literal(STATUS_ANALYZING),
  v.literal(STATUS_FINDING_HIGHLIGHTS),
);

const CHECKED_AT_ONCE = 100;

/** A batch of the check of one status: everything that was last changed before `silentBefore`, from `cursor` on. */
export type StalledBatch = { status: WorkingStatus; silentBefore: number; cursor: string | null };

export function firstBatch(status: WorkingStatus): StalledBatch {
  return { status, silentBefore: Date.now() - SILENCE_LIMIT_MS[status], cursor: null };
}

/** Marks the silent videos of one batch; returns the next batch, or null after the last. */
export async function markBatch(ctx: MutationCtx, batch: StalledBatch) {
  const { status, silentBefore, cursor } = batch;
  const result = await ctx.db
    .query("videos")
    .withIndex("by_status_and_stalledSince_and_changedAt", (q) =>
      q.eq("status", status).eq("stalledSince", undefined).lt("changedAt", silentBefore),
    )
    .paginate({ cursor, numItems: CHECKED_AT_ONCE });
  for (const video of result.page) await markIfSilent(ctx, video, silentBefore);
  return result.isDone ? null : { ...batch, cursor: result.continueCursor };
}

async function markIfSilent(
  ctx: MutationCtx,
  video: Doc<"videos">,
  silentBefore: number,
): Promise<void> {
  const progress = await Progress.find(ctx, video._id);
  const lastSign = Math.max(video.changedAt, progress?.heartbeatAt ?? 0);
  if (lastSign < silentBefore) await ctx.db.patch("videos", video._id, { stalledSince: lastSign });
}
