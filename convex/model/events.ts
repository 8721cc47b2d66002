import type { UpdateMeta } from "@klipstream/contract";
import type { PaginationOptions, WithoutSystemFields } from "convex/server";
import { v } from "convex/values";
import { omit } from "convex-helpers";

import type { Doc, Id } from "../_generated/dataModel";
import type { MutationCtx, QueryCtx } from "../_generated/server";
import schema from "../schema";
import type { PipelineCtx } from "./access";
import { failure } from "./errors";

/** A video's newest events are kept for good. */
export const KEPT_PER_VIDEO = 50;

/** Longer than an entry plausibly waits in an outbox, as a pruned event is a forgotten receipt. */
export const KEPT_FOR_MS = 30 * 24 * 60 * 60 * 1000;

const PRUNED_AT_ONCE = 200;

/** The run of a video that no run has reported on. */
const NO_RUN = "";

type NewEvent = Omit<
  WithoutSystemFields<Doc<"videoEvents">>,
  "sequence" | "actor" | "undone" | "prunable"
>;

export const vHistoryEvent = schema
  .doc("videoEvents")
  .omit(
    "_creationTime",
    "videoId",
    "sequence",
    "undoableInRun",
    "clearedFailure",
    "prunable",
    "adopted",
    "adoptedFrom",
  )
  .extend({ receivedAt: v.number() });

/**
 * Adds an event to its video's history.
 *
 * @param opened - The video, where the same transaction may add another event: it remembers the number of the newest.
 */
export async function append(
  ctx: PipelineCtx,
  event: NewEvent,
  opened: { newestEvent?: number | undefined } = {},
): Promise<void> {
  const newest = opened.newestEvent ?? (await newestOf(ctx, event.videoId));
  const sequence = newest + 1;
  await ctx.db.insert("videoEvents", { ...event, actor: ctx.actor, sequence });
  opened.newestEvent = sequence;
  // Marked here, one for one, so that the cron finds what it may delete without looking at what it may not.
  if (sequence > KEPT_PER_VIDEO) await release(ctx, event.videoId, sequence - KEPT_PER_VIDEO);
}

/** What makes two reports with one `updateId` the same: not their times, their source, or what a rollback `undoes`. */
export type ReportContent = Pick<Doc<"videoEvents">, "kind" | "to" | "urls"> &
  Pick<UpdateMeta, "updateId" | "reason"> & { run?: { id: string } | undefined };

/**
 * The event of an earlier report with this one's `updateId`, or null.
 *
 * @param videoId - The video that is reported on; undefined where there is none.
 * @throws UPDATE_ID_REUSED where the event is another video's, or says something else.
 */
export async function findReceipt(
  ctx: QueryCtx,
  videoId: Id<"videos"> | undefined,
  content: ReportContent,
) {
  const { updateId } = content;
  if (updateId === undefined) return null;
  const receipt = await ctx.db
    .query("videoEvents")
    .withIndex("by_updateId", (q) => q.eq("updateId", updateId))
    .unique();
  if (receipt === null) return null;
  if (receipt.videoId === videoId && fingerprint(receipt) === fingerprint(content)) return receipt;
  throw failure(
    "UPDATE_ID_REUSED",
    "This updateId was used for another update; give each update an id of its own.",
    { updateId },
  );
}

/** Which run's rollback undoes a status change that is made now: updates that name no run belong to the video's. */
export function undoableIn(run: Doc<"videos">["run"]): string {
  return run?.id ?? NO_RUN;
}

/** The last applied, not yet undone status change of a run. */
export async function findUndoable(
  ctx: QueryCtx,
  videoId: Id<"videos">,
  run: Doc<"videos">["run"],
) {
  return await ctx.db
    .query("videoEvents")
    .withIndex("by_videoId_and_undoableInRun", (q) =>
      q.eq("videoId", videoId).eq("undoableInRun", undoableIn(run)),
    )
    .order("desc")
    .first();
}

export async function markUndone(ctx: MutationCtx, eventId: Id<"videoEvents">): Promise<void> {
  await ctx.db.patch("videoEvents", eventId, { undone: true, undoableInRun: undefined });
}

/** A page of a video's events, newest first. */
export async function page(
  ctx: QueryCtx,
  videoId: Id<"videos">,
  paginationOpts: PaginationOptions,
) {
  const result = await ofVideo(ctx, videoId).order("desc").paginate(paginationOpts);
  return { ...result, page: result.page.map(toHistoryEvent) };
}

/** Deletes up to `limit` events of a video; returns how many there were. */
export async function removeSome(ctx: MutationCtx, videoId: Id<"videos">, limit: number) {
  const events = await ofVideo(ctx, videoId).take(limit);
  for (const event of events) await ctx.db.delete("videoEvents", event._id);
  return events.length;
}

/** Deletes one batch of events that are both old and not among their video's newest; returns whether there may be more. */
export async function prune(ctx: MutationCtx): Promise<{ more: boolean }> {
  const cutoff = Date.now() - KEPT_FOR_MS;
  const events = await ctx.db
    .query("videoEvents")
    .withIndex("by_prunable", (q) => q.eq("prunable", true).lt("_creationTime", cutoff))
    .take(PRUNED_AT_ONCE);
  for (const event of events) await ctx.db.delete("videoEvents", event._id);
  return { more: events.length === PRUNED_AT_ONCE };
}

function ofVideo(ctx: QueryCtx, videoId: Id<"videos">) {
  return ctx.db
    .query("videoEvents")
    .withIndex("by_videoId_and_sequence", (q) => q.eq("videoId", videoId));
}

/** The number of a video's newest event; 0 where it has none. */
async function newestOf(ctx: QueryCtx, videoId: Id<"videos">): Promise<number> {
  const newest = await ofVideo(ctx, videoId).order("desc").first();
  return newest?.sequence ?? 0;
}

async function release(ctx: MutationCtx, videoId: Id<"videos">, sequence: number): Promise<void> {
  const event = await ctx.db
    .query("videoEvents")
    .withIndex("by_videoId_and_sequence", (q) => q.eq("videoId", videoId).eq("sequence", sequence))
    .unique();
  // An adoption can be undone for as long as its event stands.
  if (event !== null && event.adopted !== true)
    await ctx.db.patch("videoEvents", event._id, { prunable: true });
}

function fingerprint({ kind, to, urls, run, reason }: ReportContent): string {
  const reportedStatus = kind === "updated" ? (to ?? null) : null;
  const sortedUrls = Object.entries(urls ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([kind, reportedStatus, sortedUrls, run?.id, reason]);
}

function toHistoryEvent(event: Doc<"videoEvents">) {
  return {
    ...omit(event, [
      "_creationTime",
      "videoId",
      "sequence",
      "undoableInRun",
      "clearedFailure",
      "prunable",
      "adopted",
      "adoptedFrom",
    ]),
    receivedAt: event._creationTime,
  };
}
