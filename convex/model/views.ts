import {
  twitchIdSchema,
  VIDEO_STATUSES,
  type VideoStatus,
  videoStatusSchema,
} from "@klipstream/contract";
import type { PaginationOptions } from "convex/server";
import { omit } from "convex-helpers";
import { z } from "zod";

import type { Doc } from "../_generated/dataModel";
import type { QueryCtx } from "../_generated/server";
import schema from "../schema";
import { checkArgument } from "./errors";
import * as Adoption from "./adoption";
import * as Events from "./events";
import * as Videos from "./videos";

/** More videos of one status are counted as this many. */
export const COUNT_CAP = 100;

/** A page holds at most this many, whatever the caller asks for. */
export const PAGE_MAX_SIZE = 100;

/** What only the rules need, and only old readers. */
const HIDDEN_FIELDS = [
  "statusReported",
  "marks",
  "runSourceId",
  "sourcesForgottenBefore",
  "legacy",
] as const;

/** What a viewer may know of a video. */
export const vListedVideo = schema.doc("videos").omit(...HIDDEN_FIELDS);

const pageSizeSchema = z.int("must be a whole number").min(1, "must be at least 1");

/** A page of videos, newest change first; with `stalledOnly`, those that fell silent last come first. */
export async function list(
  ctx: QueryCtx,
  args: { status?: VideoStatus; stalledOnly?: boolean; paginationOpts: PaginationOptions },
) {
  const status = checkArgument(videoStatusSchema.optional(), args.status, "status");
  const videos = args.stalledOnly === true ? selectStalled(ctx, status) : select(ctx, status);
  const result = await videos.order("desc").paginate(boundedPage(args.paginationOpts));
  return {
    ...result,
    page: await Promise.all(result.page.map((video) => toListed(ctx, video))),
  };
}

async function toListed(ctx: QueryCtx, video: Doc<"videos">) {
  return omit(await Adoption.asAdopted(ctx, video), [...HIDDEN_FIELDS]);
}

/** What a viewer may know of one video, or null. */
export async function get(ctx: QueryCtx, args: { twitchId: string }) {
  const video = await Videos.find(ctx, checkArgument(twitchIdSchema, args.twitchId, "twitchId"));
  return video === null ? null : await toListed(ctx, video);
}

/** A page of a video's events, newest first. */
export async function history(
  ctx: QueryCtx,
  args: { twitchId: string; paginationOpts: PaginationOptions },
) {
  const twitchId = checkArgument(twitchIdSchema, args.twitchId, "twitchId");
  const video = await Videos.requireByTwitchId(ctx, twitchId);
  return await Events.page(ctx, video._id, boundedPage(args.paginationOpts));
}

/** How many videos have each status, in the order of the statuses; counts stop at 100. */
export async function statusCounts(ctx: QueryCtx) {
  return await Promise.all(
    VIDEO_STATUSES.map(async (status) => ({
      status,
      count: (await select(ctx, status).take(COUNT_CAP)).length,
    })),
  );
}

function select(ctx: QueryCtx, status: VideoStatus | undefined) {
  const videos = ctx.db.query("videos");
  return status === undefined
    ? videos.withIndex("by_changedAt")
    : videos.withIndex("by_status_and_changedAt", (q) => q.eq("status", status));
}

function selectStalled(ctx: QueryCtx, status: VideoStatus | undefined) {
  const videos = ctx.db.query("videos");
  return status === undefined
    ? videos.withIndex("by_stalledSince", (q) => q.gt("stalledSince", 0))
    : videos.withIndex("by_status_and_stalledSince_and_changedAt", (q) =>
        q.eq("status", status).gt("stalledSince", 0),
      );
}

function boundedPage(options: PaginationOptions): PaginationOptions {
  const size = checkArgument(pageSizeSchema, options.numItems, "paginationOpts.numItems");
  return { ...options, numItems: Math.min(size, PAGE_MAX_SIZE) };
}
