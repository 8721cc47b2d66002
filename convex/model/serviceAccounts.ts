import { v } from "convex/values";
import { z } from "zod";

import type { MutationCtx, QueryCtx } from "../_generated/server";
import { checkArgument } from "./errors";

const LISTED_MAX = 1000;

export const vServiceAccount = v.object({
  subject: v.string(),
  disabled: v.boolean(),
  minGeneration: v.number(),
});

const subjectSchema = z.string().min(1, "must not be empty");
const generationSchema = z.int("must be a whole number").min(0, "must not be negative");

export type Restriction = { disabled?: boolean; minGeneration?: number };

/** The restriction of a subject, or null: then there is none. */
export async function find(ctx: Pick<QueryCtx, "db">, subject: string) {
  return await ctx.db
    .query("serviceAccounts")
    .withIndex("by_subject", (q) => q.eq("subject", subject))
    .unique();
}

/** Changes one part of a subject's restriction and leaves the other as it is. */
export async function restrict(
  ctx: MutationCtx,
  subject: string,
  restriction: Restriction,
): Promise<null> {
  checkArgument(subjectSchema, subject, "subject");
  checkArgument(generationSchema.optional(), restriction.minGeneration, "minGeneration");
  const account = await find(ctx, subject);
  if (account === null)
    await ctx.db.insert("serviceAccounts", {
      subject,
      disabled: false,
      minGeneration: 0,
      ...restriction,
    });
  else await ctx.db.patch("serviceAccounts", account._id, restriction);
  return null;
}

export async function list(ctx: QueryCtx) {
  const accounts = await ctx.db.query("serviceAccounts").take(LISTED_MAX);
  return accounts.map(({ subject, disabled, minGeneration }) => ({
    subject,
    disabled,
    minGeneration,
  }));
}
