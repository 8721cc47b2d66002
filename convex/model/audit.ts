import { v } from "convex/values";

import type { Doc } from "../_generated/dataModel";
import type { MutationCtx, QueryCtx } from "../_generated/server";
import schema from "../schema";

/** How long a row is kept. */
export const AUDIT_KEPT_FOR_MS = 365 * 24 * 60 * 60 * 1000;

const PRUNED_AT_ONCE = 200;

/** Who does it: what the operator's tool says, as the operator's key itself names nobody. */
export const vBy = v.string();

export const vAuditRow = schema.doc("auditRows").omit("_id", "_creationTime").extend({
  at: v.number(),
});

export type AuditAction = Doc<"auditRows">["action"];

/** Leaves a row in the transaction of what it tells of. */
export async function record(
  ctx: MutationCtx,
  row: { by: string; action: AuditAction; target: string; detail?: string },
): Promise<void> {
  await ctx.db.insert("auditRows", row);
}

/** The newest rows, newest first. */
export async function list(ctx: QueryCtx, limit: number) {
  const rows = await ctx.db.query("auditRows").order("desc").take(limit);
  return rows.map(({ _id, _creationTime, ...row }) => ({ ...row, at: _creationTime }));
}

/** When an action was last taken on a target, in ms since the epoch, or null. */
export async function lastTimeOf(ctx: QueryCtx, action: AuditAction, target: string) {
  const row = await ctx.db
    .query("auditRows")
    .withIndex("by_action_and_target", (q) => q.eq("action", action).eq("target", target))
    .order("desc")
    .first();
  return row?._creationTime ?? null;
}

/** Deletes one batch of rows that are old enough; returns whether there may be more. */
export async function prune(ctx: MutationCtx): Promise<{ more: boolean }> {
  const cutoff = Date.now() - AUDIT_KEPT_FOR_MS;
  const rows = await ctx.db
    .query("auditRows")
    .withIndex("by_creation_time", (q) => q.lt("_creationTime", cutoff))
    .take(PRUNED_AT_ONCE);
  for (const row of rows) await ctx.db.delete("auditRows", row._id);
  return { more: rows.length === PRUNED_AT_ONCE };
}
