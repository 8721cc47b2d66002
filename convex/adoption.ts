import { v } from "convex/values";

import { internal } from "./_generated/api";
import { internalMutation, internalQuery } from "./functions";
import * as Walk from "./model/adoptionWalk";

/** Starts a walk over all videos, or takes up one that was stopped or cut short. */
export const begin = internalMutation({
  args: { direction: Walk.vDirection },
  returns: v.null(),
  handler: async (ctx, { direction }) => {
    const first = await Walk.begin(ctx, direction);
    await ctx.scheduler.runAfter(0, internal.adoption.walkBatch, first);
    return null;
  },
});

/** Walks over one batch, and schedules the next. */
export const walkBatch = internalMutation({
  args: Walk.vStep.fields,
  returns: v.null(),
  handler: async (ctx, step) => {
    const next = await Walk.walkBatch(ctx, step);
    if (next !== null) await ctx.scheduler.runAfter(0, internal.adoption.walkBatch, next);
    return null;
  },
});

/** Ends the walk after its present batch. */
export const stop = internalMutation({
  args: {},
  returns: v.null(),
  handler: (ctx) => Walk.stop(ctx),
});

/** How far the last walk is, or null before the first. */
export const state = internalQuery({
  args: {},
  returns: v.union(Walk.vState, v.null()),
  handler: (ctx) => Walk.readState(ctx),
});
