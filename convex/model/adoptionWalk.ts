import { omit } from "convex-helpers";
import { type Infer, v } from "convex/values";

import type { Doc } from "../_generated/dataModel";
import type { MutationCtx, QueryCtx } from "../_generated/server";
import { ADOPTION } from "../adoption.config";
import schema from "../schema";
import { adoptOne, dropLegacyOf, type Outcome, undoAdoption } from "./adoption";
import { failure } from "./errors";

const DOCUMENTS_AT_ONCE = 100;
const PROBLEMS_KEPT = 20;

/** How far a walk is, for whoever started it. */
export const vState = schema.doc("adoptions").omit("_id", "_creationTime", "cursor", "generation");
export const vDirection = vState.fields.direction;
type Direction = Infer<typeof vDirection>;

export const vStep = v.object({ generation: v.number() });
type Step = Infer<typeof vStep>;

/** Starts a walk over the whole table, or goes on with one of the same direction that was stopped or cut short. */
export async function begin(ctx: MutationCtx, direction: Direction): Promise<Step> {
  if (ADOPTION !== "migrating" && direction !== "dropLegacy")
    throw failure(
      "INVALID_ARGUMENT",
      'Set ADOPTION to "migrating" in convex/adoption.config.ts and deploy first.',
    );
  const now = Date.now();
  const last = await findState(ctx);
  const generation = (last?.generation ?? 0) + 1;
  if (last?.direction === direction && last.state !== "done") {
    await ctx.db.patch("adoptions", last._id, { state: "running", generation, changedAt: now });
    return { generation };
  }
  if (last !== null) await ctx.db.delete("adoptions", last._id);
  const counts = { changed: 0, unchanged: 0, failed: 0, problems: [] };
  const times = { startedAt: now, changedAt: now };
  const state = { direction, generation, state: "running" as const, cursor: null };
  await ctx.db.insert("adoptions", { ...state, ...counts, ...times });
  return { generation };
}

/** Ends a walk after its present batch. It can be taken up again. */
export async function stop(ctx: MutationCtx): Promise<null> {
  const walk = await findState(ctx);
  if (walk?.state === "running")
    await ctx.db.patch("adoptions", walk._id, { state: "stopped", changedAt: Date.now() });
  return null;
}

/** How far the last walk is, or null before the first. */
export async function readState(ctx: QueryCtx) {
  const walk = await findState(ctx);
  return walk === null ? null : omit(walk, ["_id", "_creationTime", "cursor", "generation"]);
}

/** Walks over one batch; returns the next, or null where the walk is over, stopped, or somebody else's by now. */
export async function walkBatch(ctx: MutationCtx, { generation }: Step): Promise<Step | null> {
  const walk = await findState(ctx);
  if (walk?.generation !== generation || walk.state !== "running") return null;
  const { cursor, direction } = walk;
  const { outcomes, continueCursor, isDone } = await BATCHES[direction](ctx, cursor);
  const problems = outcomes.filter((outcome) => typeof outcome === "object");
  const count = (wanted: Outcome) => outcomes.filter((outcome) => outcome === wanted).length;
  await ctx.db.patch("adoptions", walk._id, {
    cursor: continueCursor,
    state: isDone ? "done" : "running",
    changed: walk.changed + count("changed"),
    unchanged: walk.unchanged + count("unchanged"),
    failed: walk.failed + problems.length,
    problems: [...walk.problems, ...problems].slice(0, PROBLEMS_KEPT),
    changedAt: Date.now(),
  });
  return isDone ? null : { generation };
}

type Batch = { outcomes: Outcome[]; continueCursor: string | null; isDone: boolean };

const BATCHES: Record<Direction, (ctx: MutationCtx, cursor: string | null) => Promise<Batch>> = {
  adopt: (ctx, cursor) => walkVideos(ctx, cursor, adoptOne),
  undo: walkAdoptions,
  dropLegacy: (ctx, cursor) => walkVideos(ctx, cursor, dropLegacyOf),
};

async function walkVideos(
  ctx: MutationCtx,
  cursor: string | null,
  change: (ctx: MutationCtx, video: Doc<"videos">) => Promise<Outcome>,
): Promise<Batch> {
  const page = await ctx.db.query("videos").paginate({ numItems: DOCUMENTS_AT_ONCE, cursor });
  const outcomes: Outcome[] = [];
  for (const video of page.page) outcomes.push(await change(ctx, video));
  return { outcomes, continueCursor: page.continueCursor, isDone: page.isDone };
}

/** Takes the oldest adoptions back. No cursor: what was taken back is no adoption any more. */
async function walkAdoptions(ctx: MutationCtx): Promise<Batch> {
  const events = await ctx.db
    .query("videoEvents")
    .withIndex("by_adopted", (q) => q.eq("adopted", true))
    .take(DOCUMENTS_AT_ONCE);
  for (const event of events) await undoAdoption(ctx, event);
  const isDone = events.length < DOCUMENTS_AT_ONCE;
  return { outcomes: events.map(() => "changed"), continueCursor: null, isDone };
}

async function findState(ctx: QueryCtx): Promise<Doc<"adoptions"> | null> {
  return await ctx.db.query("adoptions").first();
}
