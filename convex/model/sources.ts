import type { UpdateMeta } from "@klipstream/contract";

import type { Id } from "../_generated/dataModel";
import type { MutationCtx, QueryCtx } from "../_generated/server";
import type { OpenVideo } from "./openVideo";
import { momentOf } from "./rules";

/** When one more reports, the source is forgotten of which an update was decided longest ago. */
export const SOURCES_KEPT_PER_VIDEO = 100;

/**
 * Rule 1, by the number that an update has in its source: whether it is higher than every one that was decided of this video.
 * If so, it is kept as the highest, whatever is decided next. An update without a source always passes.
 */
export async function admit(
  ctx: MutationCtx,
  opened: OpenVideo,
  { meta, now }: { meta: UpdateMeta; now: number },
): Promise<boolean> {
  const { source } = meta;
  if (source === undefined) return true;
  const { raisedSources } = opened;
  const known = raisedSources.get(source.id) ?? (await find(ctx, opened.video._id, source.id));
  const isNew =
    known === null
      ? await admitUnknown(ctx, opened, momentOf(meta, now) ?? now)
      : source.sequence > known.sequence;
  const { sequence } = source;
  if (isNew) raisedSources.set(source.id, { _id: known?._id ?? null, sequence, decidedAt: now });
  return isNew;
}

/** Writes the numbers that were raised. */
export async function save(ctx: MutationCtx, { video, raisedSources }: OpenVideo): Promise<void> {
  for (const [sourceId, { _id, ...number }] of raisedSources)
    if (_id !== null) await ctx.db.patch("videoSources", _id, number);
    else await ctx.db.insert("videoSources", { videoId: video._id, sourceId, ...number });
  raisedSources.clear();
}

export async function removeAll(ctx: MutationCtx, videoId: Id<"videos">): Promise<void> {
  const kept = await ofVideo(ctx, videoId).take(SOURCES_KEPT_PER_VIDEO);
  for (const { _id } of kept) await ctx.db.delete("videoSources", _id);
}

/** An update of a source that is not known, or not any more: then it may have been decided before. */
async function admitUnknown(ctx: MutationCtx, opened: OpenVideo, moment: number): Promise<boolean> {
  if (moment <= (opened.video.sourcesForgottenBefore ?? -1)) return false;
  await makeRoom(ctx, opened);
  return true;
}

/** What a forgotten source sent may come again: nothing as old as that is taken of a source that is not known. */
async function makeRoom(ctx: MutationCtx, opened: OpenVideo): Promise<void> {
  await save(ctx, opened);
  const kept = await ofVideo(ctx, opened.video._id).take(SOURCES_KEPT_PER_VIDEO);
  const oldest = kept[0];
  if (oldest === undefined || kept.length < SOURCES_KEPT_PER_VIDEO) return;
  await ctx.db.delete("videoSources", oldest._id);
  const forgottenBefore = Math.max(opened.video.sourcesForgottenBefore ?? 0, oldest.decidedAt);
  opened.change({ sourcesForgottenBefore: forgottenBefore });
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
