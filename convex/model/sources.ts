import type { Source, UpdateMeta } from "@klipstream/contract";

import type { Doc, Id } from "../_generated/dataModel";
import type { MutationCtx, QueryCtx } from "../_generated/server";
import { momentOf } from "./rules";

/** When one more reports, the source is forgotten of which an update was decided longest ago. */
export const SOURCES_KEPT_PER_VIDEO = 100;

/**
 * Rule 1, by the number that an update has in its source: whether it is higher than every one that was decided of this video.
 * If so, it is kept as the highest, whatever is decided next. An update without a source always passes.
 */
export async function admit(
  ctx: MutationCtx,
  video: Doc<"videos">,
  { meta, now }: { meta: UpdateMeta; now: number },
): Promise<boolean> {
  const { source } = meta;
  if (source === undefined) return true;
  const known = await find(ctx, video._id, source.id);
  if (known !== null) return await raise(ctx, known, { sequence: source.sequence, now });
  const moment = momentOf(meta, now) ?? now;
  if (moment <= (video.sourcesForgottenBefore ?? -1)) return false;
  await makeRoom(ctx, video);
  await insert(ctx, video._id, { source, now });
  return true;
}

export async function removeAll(ctx: MutationCtx, videoId: Id<"videos">): Promise<void> {
  const kept = await ofVideo(ctx, videoId).take(SOURCES_KEPT_PER_VIDEO);
  for (const { _id } of kept) await ctx.db.delete("videoSources", _id);
}

async function raise(
  ctx: MutationCtx,
  known: Doc<"videoSources">,
  { sequence, now }: { sequence: number; now: number },
): Promise<boolean> {
  if (sequence <= known.sequence) return false;
  await ctx.db.patch("videoSources", known._id, { sequence, decidedAt: now });
  return true;
}

async function insert(
  ctx: MutationCtx,
  videoId: Id<"videos">,
  { source, now }: { source: Source; now: number },
): Promise<void> {
  const { id: sourceId, sequence } = source;
  await ctx.db.insert("videoSources", { videoId, sourceId, sequence, decidedAt: now });
}

/** What a forgotten source sent may come again: nothing as old as that is taken of a source that is not known. */
async function makeRoom(ctx: MutationCtx, video: Doc<"videos">): Promise<void> {
  const kept = await ofVideo(ctx, video._id).take(SOURCES_KEPT_PER_VIDEO);
  const oldest = kept[0];
  if (oldest === undefined || kept.length < SOURCES_KEPT_PER_VIDEO) return;
  await ctx.db.delete("videoSources", oldest._id);
  const forgottenBefore = Math.max(video.sourcesForgottenBefore ?? 0, oldest.decidedAt);
  await ctx.db.patch("videos", video._id, { sourcesForgottenBefore: forgottenBefore });
}

async function find(ctx: QueryCtx, videoId: Id<"videos">, sourceId: string) {
  return await ctx.db
    .query("videoSources")
    .withIndex("by_videoId_and_sourceId", (q) => q.eq("videoId", videoId).eq("sourceId", sourceId))
    .unique();
}

/** The one that was decided longest ago first. */
function ofVideo(ctx: QueryCtx, videoId: Id<"videos">) {
  return ctx.db
    .query("videoSources")
    .withIndex("by_videoId_and_decidedAt", (q) => q.eq("videoId", videoId));
}
