import { v } from "convex/values";
import { z } from "zod";

import { env, type MutationCtx, type QueryCtx } from "../_generated/server";
import * as Audit from "./audit";
import { checkArgument, invalidArgument } from "./errors";

const WORKLOADS_PER_ACCOUNT = 100;

const subjectSchema = z
  .string()
  .min(1, "must not be empty")
  .max(1024, "must be at most 1024 characters");

export const vWorkload = v.object({
  issuer: v.string(),
  subject: v.string(),
  createdAt: v.number(),
});

/** A subject of the configured issuer, and who the operator says to be. */
export type WorkloadChange = { subject: string; by: string };

/** The binding of a subject of the issuer that is configured now, or null. */
export async function find(ctx: Pick<QueryCtx, "db">, subject: string) {
  const issuer = env.KLIPSTREAM_OIDC_ISSUER;
  if (issuer === undefined) return null;
  return await ctx.db
    .query("workloads")
    .withIndex("by_issuer_and_subject", (q) => q.eq("issuer", issuer).eq("subject", subject))
    .unique();
}

/**
 * Lets a workload act as an account.
 *
 * @throws INVALID_ARGUMENT where no issuer is configured, or the subject is bound already.
 */
export async function bind(
  ctx: MutationCtx,
  { account, subject, by }: WorkloadChange & { account: string },
): Promise<null> {
  checkArgument(subjectSchema, subject, "subject");
  const issuer = env.KLIPSTREAM_OIDC_ISSUER;
  if (issuer === undefined)
    throw invalidArgument([
      { path: "", message: "the deployment trusts no issuer; set KLIPSTREAM_OIDC_ISSUER first" },
    ]);
  const bound = await find(ctx, subject);
  if (bound !== null)
    throw invalidArgument([
      { path: "subject", message: `is bound to the account "${bound.account}"; unbind it first` },
    ]);
  await ctx.db.insert("workloads", { issuer, subject, account });
  await Audit.record(ctx, { by, action: "account.bind", target: account, detail: subject });
  return null;
}

/**
 * Takes a binding away: the workload is refused from now on, and so are the tokens that it was given.
 *
 * @throws INVALID_ARGUMENT where the account has none to this subject.
 */
export async function unbind(
  ctx: MutationCtx,
  { account, subject, by }: WorkloadChange & { account: string },
): Promise<null> {
  const bound = (await rowsOf(ctx, account)).filter((row) => row.subject === subject);
  if (bound.length === 0)
    throw invalidArgument([{ path: "subject", message: "is not bound to this account" }]);
  for (const row of bound) await ctx.db.delete("workloads", row._id);
  await Audit.record(ctx, { by, action: "account.unbind", target: account, detail: subject });
  return null;
}

/** The workloads that act as an account, oldest first. */
export async function ofAccount(ctx: QueryCtx, account: string) {
  const rows = await rowsOf(ctx, account);
  return rows.map(({ issuer, subject, _creationTime }) => ({
    issuer,
    subject,
    createdAt: _creationTime,
  }));
}

async function rowsOf(ctx: QueryCtx, account: string) {
  return await ctx.db
    .query("workloads")
    .withIndex("by_account", (q) => q.eq("account", account))
    .take(WORKLOADS_PER_ACCOUNT);
}
