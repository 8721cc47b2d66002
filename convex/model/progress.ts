import {
  messageSchema,
  percentSchema,
  type ReportedRun,
  reportedRunSchema,
  STATUS_COMPLETED,
  twitchIdSchema,
  VIDEO_IDS_MAX_COUNT,
} from "@klipstream/contract";
import { z } from "zod";

import type { Id } from "../_generated/dataModel";
import type { MutationCtx, QueryCtx } from "../_generated/server";
import schema from "../schema";
import { checkArgument } from "./errors";
import { signOfLife } from "./rules";
import * as Runs from "./runs";
import * as Videos from "./videos";

export const vProgress = schema.doc("videoProgress").omit("_id", "_creationTime");

const reportSchema = z.strictObject({
  twitchId: twitchIdSchema,
  percent: percentSchema,
  message: messageSchema.optional(),
  run: reportedRunSchema.optional(),
});
const videoCountSchema = z
  .number()
  .min(1, "must hold at least one _id")
  .max(VIDEO_IDS_MAX_COUNT, `must hold at most ${VIDEO_IDS_MAX_COUNT} _ids`);

/** Stores how far a video's stage is, as a sign of life. An older run's report, and one after the end, is ignored. */
export async function report(
  ctx: MutationCtx,
  args: { twitchId: string; percent: number; message?: string; run?: ReportedRun },
): Promise<null> {
  const { twitchId, percent, message, run } = checkArgument(reportSchema, args);
  const video = await Videos.requireByTwitchId(ctx, twitchId);
  const now = Date.now();
  const { rank } = await Runs.rank(ctx, video, { meta: { run }, now });
  // Reports are sent beside the updates: one may arrive after the Completed that followed it.
  if (rank === "older" || video.status === STATUS_COMPLETED) return null;
  if (video.stalledSince !== undefined) await ctx.db.patch("videos", video._id, signOfLife(now));
  await write(ctx, video._id, { percent, message, heartbeatAt: now });
  return null;
}

/** The progress of those of the videos that have reported any. */
export async function ofVideos(ctx: QueryCtx, args: { videoIds: string[] }) {
  checkArgument(videoCountSchema, args.videoIds.length, "videoIds");
  const rows = await Promise.all(
    [...new Set(args.videoIds)].map(async (text) => {
      const videoId = ctx.db.normalizeId("videos", text);
      return videoId === null ? null : await find(ctx, videoId);
    }),
  );
  return rows.flatMap((row) => {
    if (row === null) return [];
    const { videoId, percent, message, heartbeatAt } = row;
    return [{ videoId, percent, message, heartbeatAt }];
  });
}

export async function find(ctx: QueryCtx, videoId: Id<"videos">) {
  return await ctx.db
    .query("videoProgress")
    .withIndex("by_videoId", (q) => q.eq("videoId", videoId))
    .unique();
}

/** A completed video is done to 100 percent, whatever was reported last. */
export async function complete(ctx: MutationCtx, videoId: Id<"videos">): Promise<void> {
  await write(ctx, videoId, { percent: 100, message: undefined, heartbeatAt: Date.now() });
}

export async function remove(ctx: MutationCtx, videoId: Id<"videos">): Promise<void> {
  const row = await find(ctx, videoId);
  if (row !== null) await ctx.db.delete("videoProgress", row._id);
}

async function write(
  ctx: MutationCtx,
  videoId: Id<"videos">,
  progress: { percent: number; message: string | undefined; heartbeatAt: number },
): Promise<void> {
  const row = await find(ctx, videoId);
  if (row === null) await ctx.db.insert("videoProgress", { videoId, ...progress });
  else await ctx.db.patch("videoProgress", row._id, progress);
}
