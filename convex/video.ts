import {
  vArtifactUrls,
  vReportedRun,
  vRollback,
  vUpdate,
  vUpdateMeta,
  vVideoStatus,
  vVideoStatusArgument,
} from "@klipstream/contract";
import { paginationOptsValidator, paginationResultValidator } from "convex/server";
import { v, type VString } from "convex/values";

import { internal } from "./_generated/api";
import type { Id } from "./_generated/dataModel";
import { pipelineMutation, publicQuery, viewerQuery } from "./functions";
import * as Adoption from "./model/adoption";
import { vHistoryEvent } from "./model/events";
import * as Progress from "./model/progress";
import * as Rollback from "./model/rollback";
import * as Scratch from "./model/scratch";
import * as Updates from "./model/updates";
import * as Videos from "./model/videos";
import * as Views from "./model/views";

/**
 * A video's `_id` as an argument. Checked by the model: Convex would refuse a text that is no ID with a message that
 * production redacts to "Server Error".
 */
const vVideoIdArgument = v.string() as VString<Id<"videos">>;

/** The public fields of a video, or null. */
export const getByTwitchIdPublic = publicQuery({
  args: { twitchId: v.string() },
  returns: v.union(Videos.vPublicVideo, v.null()),
  handler: (ctx, args) => Videos.getPublic(ctx, args),
});

/** Changes the status of the video with this `_id`. */
export const updateStatus = pipelineMutation({
  args: { id: vVideoIdArgument, status: vVideoStatusArgument, ...vUpdateMeta },
  returns: Updates.vUpdateResult,
  handler: (ctx, args) => Updates.updateStatus(ctx, args),
});

/** Changes the status of the video with this Twitch ID. */
export const updateStatusByTwitchId = pipelineMutation({
  args: { twitchId: v.string(), status: vVideoStatusArgument, ...vUpdateMeta },
  returns: Updates.vUpdateResult,
  handler: (ctx, args) => Updates.updateStatusByTwitchId(ctx, args),
});

/** Sets some of a video's artifact URLs. */
export const updateUrls = pipelineMutation({
  args: {
    twitchId: v.string(),
    urls: Adoption.openWhileAdopting(vArtifactUrls),
    ...vUpdateMeta,
  },
  returns: Updates.vUpdateResult,
  handler: (ctx, args) => Updates.updateUrls(ctx, args),
});

/** Records 1 to 100 updates, in order: one result or refusal for each. `createMissing` creates unknown videos. */
export const recordUpdates = pipelineMutation({
  args: { updates: v.array(vUpdate), createMissing: v.optional(v.boolean()) },
  returns: v.array(Updates.vRecordResult),
  handler: (ctx, args) => Updates.recordUpdates(ctx, args),
});

/** Creates a queued video; one that exists stays as it is. */
export const create = pipelineMutation({
  args: { twitchId: v.string(), title: v.optional(v.string()) },
  returns: v.object({ videoId: v.id("videos"), created: v.boolean() }),
  handler: (ctx, args) => Videos.create(ctx, args),
});

/** Undoes the last status change of a video's run; with `undoes`, only if that is the update with this `updateId`. */
export const rollbackStatus = pipelineMutation({
  args: { ...vRollback, twitchId: v.string() },
  returns: Rollback.vRollbackResult,
  handler: (ctx, args) => Rollback.rollbackStatus(ctx, args),
});

/** Stores how far a video's stage is, 0 to 100 percent, as a sign of life. */
export const reportProgress = pipelineMutation({
  args: {
    twitchId: v.string(),
    percent: v.number(),
    message: v.optional(v.string()),
    run: v.optional(vReportedRun),
  },
  returns: v.null(),
  handler: (ctx, args) => Progress.report(ctx, args),
});

/** Removes a smoke test's video: only for Twitch IDs with a leading zero. */
export const removeScratch = pipelineMutation({
  args: { twitchId: v.string() },
  returns: v.object({ removed: v.boolean() }),
  handler: async (ctx, args) => {
    const removed = await Scratch.remove(ctx, args);
    if (removed?.more === true)
      await ctx.scheduler.runAfter(0, internal.maintenance.removeScratchEvents, {
        videoId: removed.videoId,
      });
    return { removed: removed !== null };
  },
});

/** A page of videos, newest change first. */
export const list = viewerQuery({
  args: {
    status: v.optional(vVideoStatusArgument),
    stalledOnly: v.optional(v.boolean()),
    paginationOpts: paginationOptsValidator,
  },
  returns: paginationResultValidator(Views.vListedVideo),
  handler: (ctx, args) => Views.list(ctx, args),
});

/** What a viewer may know of a video, failure and run included, or null. */
export const get = viewerQuery({
  args: { twitchId: v.string() },
  returns: v.union(Views.vListedVideo, v.null()),
  handler: (ctx, args) => Views.get(ctx, args),
});

/** A page of a video's events, newest first. */
export const history = viewerQuery({
  args: { twitchId: v.string(), paginationOpts: paginationOptsValidator },
  returns: paginationResultValidator(vHistoryEvent),
  handler: (ctx, args) => Views.history(ctx, args),
});

/** The progress of up to 100 videos; those that reported none are left out. */
export const progressOf = viewerQuery({
  args: { videoIds: v.array(vVideoIdArgument) },
  returns: v.array(Progress.vProgress),
  handler: (ctx, args) => Progress.ofVideos(ctx, args),
});

/** How many videos have each status; counts stop at 100. */
export const statusCounts = viewerQuery({
  args: {},
  returns: v.array(v.object({ status: vVideoStatus, count: v.number() })),
  handler: (ctx) => Views.statusCounts(ctx),
});
