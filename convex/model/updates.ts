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
import type { OpenVideo } from "./openVideo";
import { OpenVideos } from "./openVideos";
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
  return await recordOne(ctx, { twitchId, ...change });
}

/** Changes the status of the video with this Twitch ID. */
export async function updateStatusByTwitchId(
  ctx: PipelineCtx,
  args: { twitchId: string; status: VideoStatus } & UpdateMeta,
) {
  return await recordOne(ctx, checkArgument(statusUpdateSchema, Adoption.inTodaysWords(args)));
}

/** Sets some of the artifact URLs of the video with this Twitch ID. */
export async function updateUrls(
  ctx: PipelineCtx,
  args: { twitchId: string; urls: ArtifactUrls } & UpdateMeta,
) {
  return await recordOne(ctx, checkArgument(urlsUpdateSchema, Adoption.inTodaysWords(args)));
}

/** Records several updates, in order; one that is refused leaves the others alone. */
export async function recordUpdates(
  ctx: PipelineCtx,
  { updates, createMissing = false }: { updates: Update[]; createMissing?: boolean },
) {
  checkArgument(batchSizeSchema, updates.length, "updates");
  const videos = new OpenVideos();
  const results: Infer<typeof vRecordResult>[] = [];
  for (const update of updates)
    results.push(await recordOrRefuse(ctx, videos, { update, createMissing }));
  await videos.save(ctx);
  return results;
}

type Given = { update: Update; createMissing: boolean };

async function recordOrRefuse(
  ctx: PipelineCtx,
  videos: OpenVideos,
  { update: reported, createMissing }: Given,
) {
  try {
    const update = checkArgument(updateSchema, Adoption.inTodaysWords(reported));
    return await record(ctx, videos, { update, createMissing });
  } catch (error) {
    // Nothing to undo: record() refuses before it changes the video.
    return refusalOf(error);
  }
}

async function recordOne(ctx: PipelineCtx, update: Update) {
  const videos = new OpenVideos();
  const result = await record(ctx, videos, { update, createMissing: false });
  await videos.save(ctx);
  return result;
}

/** Rules 1 to 5. Where it throws, no more has changed than by admitting its number. */
async function record(ctx: PipelineCtx, videos: OpenVideos, { update, createMissing }: Given) {
  const now = Date.now();
  const opened = await videos.find(ctx, update.twitchId);
  const isNew = opened === null || (await Sources.admit(ctx, opened, { meta: update, now }));
  const content = { kind: "updated" as const, to: update.status, ...update };
  const receipt = await Events.findReceipt(ctx, opened?.video._id, content);
  if (opened === null) {
    if (!createMissing) throw videoNotFound({ twitchId: update.twitchId });
    return await recordFirst(ctx, videos, { update, now });
  }
  const { video } = opened;
  if (receipt !== null) return resultOf(video, "duplicate");
  if (!isNew) return resultOf(video, "superseded");
  const origin = Rules.originOf(update, await Runs.rank(ctx, video, { meta: update, now }), now);
  await Runs.keep(ctx, video._id, origin.toKeep);
  return await write(ctx, opened, { update, origin, ...Rules.decide(video, update, origin) });
}

/** Creates the update's video. That alone makes it applied, even where it only repeats what a new video is. */
async function recordFirst(
  ctx: PipelineCtx,
  videos: OpenVideos,
  { update, now }: { update: Update; now: number },
) {
  const at = Rules.originOf(update, Runs.NONE, now).shownAt;
  const opened = videos.add(await Videos.insert(ctx, { twitchId: update.twitchId, at }));
  const { video } = opened;
  await Sources.admit(ctx, opened, { meta: update, now });
  const origin = Rules.originOf(update, await Runs.rank(ctx, video, { meta: update, now }), now);
  const { patch } = Rules.decide(video, update, origin);
  const reported = {
    statusReported: update.status !== undefined,
    marks: Rules.marksAfter(video, Rules.fieldsOf(update), origin),
  };
  const first = { outcome: "applied" as const, patch: { ...patch, ...reported } };
  return await write(ctx, opened, { update, origin, ...first });
}

type Decided = Rules.Decision & { update: Update; origin: Rules.Origin };

async function write(
  ctx: PipelineCtx,
  opened: OpenVideo,
  { update, origin, outcome, patch }: Decided,
) {
  const before = opened.video;
  opened.change(patch);
  const { video } = opened;
  if (outcome === "unchanged") return resultOf(video, outcome);
  const changesStatus = video.status !== before.status;
  const event = {
    videoId: video._id,
    kind: "updated" as const,
    updateId: update.updateId,
    from: changesStatus ? before.status : undefined,
    to: update.status,
    urls: update.urls,
    reason: update.reason,
    occurredAt: origin.shownAt,
    run: origin.run,
    applied: outcome === "applied",
    undoableInRun: changesStatus ? Events.undoableIn(video.run) : undefined,
    clearedFailure: changesStatus ? before.failure : undefined,
  };
  await Events.append(ctx, event, opened);
  if (changesStatus && video.status === STATUS_COMPLETED) await Progress.complete(ctx, video._id);
  return resultOf(video, outcome);
}

/** What the caller of an accepted update learns. */
export function resultOf(video: Doc<"videos">, outcome: UpdateOutcome) {
  const { _id: videoId, twitchId, status } = video;
  return { success: true as const, videoId, twitchId, status, outcome };
}
