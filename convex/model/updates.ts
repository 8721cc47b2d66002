import {
  artifactUrlsSchema,
  type ArtifactUrls,
  STATUS_COMPLETED,
  twitchIdSchema,
  type Update,
  type UpdateMeta,
  updateMetaSchema,
  type UpdateOutcome,
  UPDATES_MAX_COUNT,
  updateSchema,
  vErrorCode,
  type VideoStatus,
  videoStatusSchema,
  vUpdateOutcome,
  vVideoStatus,
} from "@klipstream/contract";
import { type Infer, v } from "convex/values";
import { z } from "zod";

import type { Doc } from "../_generated/dataModel";
import type { PipelineCtx } from "./access";
import { checkArgument, refusalOf, videoNotFound } from "./errors";
import * as Adoption from "./adoption";
import * as Events from "./events";
import * as Progress from "./progress";
import * as Rules from "./rules";
import * as Runs from "./runs";
import * as Sources from "./sources";
import * as Videos from "./videos";

export const vUpdateResult = v.object({
  success: v.literal(true),
  videoId: v.id("videos"),
  twitchId: v.string(),
  status: vVideoStatus,
  outcome: vUpdateOutcome,
});

export const vRefusal = v.object({
  success: v.literal(false),
  code: vErrorCode,
  message: v.string(),
});

export const vRecordResult = v.union(vUpdateResult, vRefusal);

const statusChangeSchema = z.strictObject({ status: videoStatusSchema, ...updateMetaSchema.shape });
const statusUpdateSchema = statusChangeSchema.extend({ twitchId: twitchIdSchema });
const urlsUpdateSchema = z.strictObject({
  twitchId: twitchIdSchema,
  urls: artifactUrlsSchema,
  ...updateMetaSchema.shape,
});
const batchSizeSchema = z
  .number()
  .min(1, "must hold at least one update")
  .max(UPDATES_MAX_COUNT, `must hold at most ${UPDATES_MAX_COUNT} updates`);

/** Changes the status of the video with this `_id`. */
export async function updateStatus(
  ctx: PipelineCtx,
  { id, ...args }: { id: string; status: VideoStatus } & UpdateMeta,
) {
  const change = checkArgument(statusChangeSchema, Adoption.inTodaysWords(args));
  const { twitchId } = await Videos.requireById(ctx, id);
  return await record(ctx, { twitchId, ...change });
}

/** Changes the status of the video with this Twitch ID. */
export async function updateStatusByTwitchId(
  ctx: PipelineCtx,
  args: { twitchId: string; status: VideoStatus } & UpdateMeta,
) {
  return await record(ctx, checkArgument(statusUpdateSchema, Adoption.inTodaysWords(args)));
}

/** Sets some of the artifact URLs of the video with this Twitch ID. */
export async function updateUrls(
  ctx: PipelineCtx,
  args: { twitchId: string; urls: ArtifactUrls } & UpdateMeta,
) {
  return await record(ctx, checkArgument(urlsUpdateSchema, Adoption.inTodaysWords(args)));
}

/** Records several updates, in order; one that is refused leaves the others alone. */
export async function recordUpdates(
  ctx: PipelineCtx,
  { updates, createMissing = false }: { updates: Update[]; createMissing?: boolean },
) {
  checkArgument(batchSizeSchema, updates.length, "updates");
  const results: Infer<typeof vRecordResult>[] = [];
  for (const update of updates) results.push(await recordOrRefuse(ctx, update, createMissing));
  return results;
}

async function recordOrRefuse(ctx: PipelineCtx, reported: Update, createMissing: boolean) {
  try {
    const update = checkArgument(updateSchema, Adoption.inTodaysWords(reported));
    return await record(ctx, update, createMissing);
  } catch (error) {
    // Nothing to undo: record() refuses before it changes the video.
    return refusalOf(error);
  }
}

/** Rules 1 to 5. Where it throws, no more was written than the number of the update. */
async function record(ctx: PipelineCtx, update: Update, createMissing = false) {
  const now = Date.now();
  const video = await Videos.find(ctx, update.twitchId);
  const isNew = video === null || (await Sources.admit(ctx, video, { meta: update, now }));
  const content = { kind: "updated" as const, to: update.status, ...update };
  const receipt = await Events.findReceipt(ctx, video?._id, content);
  if (video === null) {
    if (!createMissing) throw videoNotFound({ twitchId: update.twitchId });
    return await recordFirst(ctx, update, now);
  }
  if (receipt !== null) return resultOf(video, "duplicate");
  if (!isNew) return resultOf(video, "superseded");
  const origin = Rules.originOf(update, await Runs.rank(ctx, video, { meta: update, now }), now);
  await Runs.keep(ctx, video._id, origin.toKeep);
  return await write(ctx, { video, update, origin, ...Rules.decide(video, update, origin) });
}

/** Creates the update's video. That alone makes it applied, even where it only repeats what a new video is. */
async function recordFirst(ctx: PipelineCtx, update: Update, now: number) {
  const at = Rules.originOf(update, Runs.NONE, now).shownAt;
  const video = await Videos.insert(ctx, { twitchId: update.twitchId, at });
  await Sources.admit(ctx, video, { meta: update, now });
  const origin = Rules.originOf(update, await Runs.rank(ctx, video, { meta: update, now }), now);
  const { patch } = Rules.decide(video, update, origin);
  const reported = {
    statusReported: update.status !== undefined,
    marks: Rules.marksAfter(video, Rules.fieldsOf(update), origin),
  };
  const first = { outcome: "applied" as const, patch: { ...patch, ...reported } };
  return await write(ctx, { video, update, origin, ...first });
}

type Decided = Rules.Decision & { video: Doc<"videos">; update: Update; origin: Rules.Origin };

async function write(ctx: PipelineCtx, { video, update, origin, outcome, patch }: Decided) {
  if (Object.keys(patch).length > 0) await ctx.db.patch("videos", video._id, patch);
  const changed = { ...video, ...patch };
  if (outcome === "unchanged") return resultOf(changed, outcome);
  const changesStatus = changed.status !== video.status;
  await Events.append(ctx, {
    videoId: video._id,
    kind: "updated",
    updateId: update.updateId,
    from: changesStatus ? video.status : undefined,
    to: update.status,
    urls: update.urls,
    reason: update.reason,
    occurredAt: origin.shownAt,
    run: origin.run,
    applied: outcome === "applied",
    undoableInRun: changesStatus ? Events.undoableIn(changed.run) : undefined,
    clearedFailure: changesStatus ? video.failure : undefined,
  });
  if (changesStatus && changed.status === STATUS_COMPLETED) await Progress.complete(ctx, video._id);
  return resultOf(changed, outcome);
}

/** What the caller of an accepted update learns. */
export function resultOf(video: Doc<"videos">, outcome: UpdateOutcome) {
  const { _id: videoId, twitchId, status } = video;
  return { success: true as const, videoId, twitchId, status, outcome };
}
