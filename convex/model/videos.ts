import {
  ARTIFACT_URL_FIELDS,
  STATUS_QUEUED,
  titleSchema,
  twitchIdSchema,
} from "@klipstream/contract";
import { pick } from "convex-helpers";
import { z } from "zod";

import type { Doc } from "../_generated/dataModel";
import type { QueryCtx } from "../_generated/server";
import schema from "../schema";
import type { PipelineCtx } from "./access";
import { checkArgument, videoNotFound } from "./errors";
import * as Adoption from "./adoption";
import * as Events from "./events";

/** What anyone may know: never who reported, in which run, or why something failed. */
const PUBLIC_FIELDS = [
  "_id",
  "_creationTime",
  "twitchId",
  "title",
  "status",
  "statusChangedAt",
  ...ARTIFACT_URL_FIELDS,
] as const;

const vVideo = schema.doc("videos").pick(...PUBLIC_FIELDS);

/** Fields that nobody documented cannot be listed here; they are shown for as long as an adoption lasts. */
export const vPublicVideo = Adoption.openWhileAdopting(vVideo);

const createSchema = z.strictObject({ twitchId: twitchIdSchema, title: titleSchema.optional() });

export async function find(ctx: QueryCtx, twitchId: string): Promise<Doc<"videos"> | null> {
  const video = await newestOf(ctx, twitchId);
  return video === null ? null : await Adoption.asAdopted(ctx, video);
}

/** Only a table that is being adopted can hold several documents of one Twitch ID. */
async function newestOf(ctx: QueryCtx, twitchId: string) {
  return await ctx.db
    .query("videos")
    .withIndex("by_twitchId", (q) => q.eq("twitchId", twitchId))
    .order("desc")
    .first();
}

/** @throws VIDEO_NOT_FOUND */
export async function requireByTwitchId(ctx: QueryCtx, twitchId: string): Promise<Doc<"videos">> {
  const video = await find(ctx, twitchId);
  if (video === null) throw videoNotFound({ twitchId });
  return video;
}

/** @throws VIDEO_NOT_FOUND, also where the text is no video's `_id` at all. */
export async function requireById(ctx: QueryCtx, id: string): Promise<Doc<"videos">> {
  const videoId = ctx.db.normalizeId("videos", id);
  const video = videoId === null ? null : await ctx.db.get("videos", videoId);
  if (video === null) throw videoNotFound({ id });
  return await Adoption.asAdopted(ctx, video);
}

/** The public fields of a video, or null. */
export async function getPublic(ctx: QueryCtx, args: { twitchId: string }) {
  const video = await find(ctx, checkArgument(twitchIdSchema, args.twitchId, "twitchId"));
  if (video === null) return null;
  return { ...Adoption.legacyOf(video), ...pick(video, [...PUBLIC_FIELDS]) };
}

/** Creates a queued video, or finds it as it is. */
export async function create(ctx: PipelineCtx, args: { twitchId: string; title?: string }) {
  const { twitchId, title } = checkArgument(createSchema, args);
  const existing = await find(ctx, twitchId);
  if (existing !== null) return { videoId: existing._id, created: false };
  const video = await insert(ctx, { twitchId, title, at: Date.now() });
  return { videoId: video._id, created: true };
}

/** Adds a queued video, with its event. The caller has made sure that there is none of that Twitch ID. */
export async function insert(
  ctx: PipelineCtx,
  { twitchId, title, at }: { twitchId: string; title?: string | undefined; at: number },
): Promise<Doc<"videos">> {
  const videoId = await ctx.db.insert("videos", {
    twitchId,
    title,
    status: STATUS_QUEUED,
    statusChangedAt: at,
    statusReported: false,
    changedAt: Date.now(),
  });
  await Events.append(ctx, {
    videoId,
    kind: "created",
    to: STATUS_QUEUED,
    occurredAt: at,
    applied: true,
  });
  return await requireById(ctx, videoId);
}
