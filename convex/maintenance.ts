import { v } from "convex/values";

import { internal } from "./_generated/api";
import { internalMutation } from "./functions";
import * as Audit from "./model/audit";
import * as Events from "./model/events";
import * as Scratch from "./model/scratch";
import * as Stalled from "./model/stalled";

/** Starts a check of one status for stalled videos. */
export const markStalled = internalMutation({
  args: { status: Stalled.vWorkingStatus },
  returns: v.null(),
  handler: async (ctx, { status }) => {
    await ctx.scheduler.runAfter(
      0,
      internal.maintenance.markStalledBatch,
      Stalled.firstBatch(status),
    );
    return null;
  },
});

/** Checks one batch, and schedules the next. */
export const markStalledBatch = internalMutation({
  args: {
    status: Stalled.vWorkingStatus,
    silentBefore: v.number(),
    cursor: v.union(v.string(), v.null()),
  },
  returns: v.null(),
  handler: async (ctx, batch) => {
    const next = await Stalled.markBatch(ctx, batch);
    if (next !== null) await ctx.scheduler.runAfter(0, internal.maintenance.markStalledBatch, next);
    return null;
  },
});

/** Deletes one batch of old events, and schedules the next. */
export const pruneEvents = internalMutation({
  args: {},
  returns: v.null(),
  handler: async (ctx) => {
    const { more } = await Events.prune(ctx);
    if (more) await ctx.scheduler.runAfter(0, internal.maintenance.pruneEvents, {});
    return null;
  },
});

/** Deletes one batch of a removed video's events, and schedules the next. */
export const removeScratchEvents = internalMutation({
  args: { videoId: v.id("videos") },
  returns: v.null(),
  handler: async (ctx, { videoId }) => {
    const { more } = await Scratch.removeEvents(ctx, videoId);
    if (more)
      await ctx.scheduler.runAfter(0, internal.maintenance.removeScratchEvents, { videoId });
    return null;
  },
});

/** Deletes one batch of old rows of the audit, and schedules the next. */
export const pruneAudit = internalMutation({
  args: {},
  returns: v.null(),
  handler: async (ctx) => {
    const { more } = await Audit.prune(ctx);
    if (more) await ctx.scheduler.runAfter(0, internal.maintenance.pruneAudit, {});
    return null;
  },
});
