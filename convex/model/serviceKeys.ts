import { v } from "convex/values";
import { z } from "zod";

import type { Doc } from "../_generated/dataModel";
import type { MutationCtx, QueryCtx } from "../_generated/server";
import schema from "../schema";
import * as Audit from "./audit";
import { checkArgument, invalidArgument } from "./errors";

/** Enough to replace one without a gap, and bounded. */
const KEYS_PER_ACCOUNT = 20;

const HOUR_MS = 3_600_000;

/** How many hex digits of its hash name a key where it must be named: in listings, in the audit, in its tokens. */
const ID_LENGTH = 12;

const hashSchema = z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256 in hex");

/** A key as it is listed: nothing from which it could be had. */
export const vServiceKey = schema
  .doc("serviceKeys")
  .omit("_id", "_creationTime", "hash")
  .extend({ createdAt: v.number() });

export type NewKey = { account: string; hash: string; expiresAt?: number; by: string };

/** The SHA-256 of a key, in hex. */
export async function hashKey(key: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The key of this id, or null. */
export async function find(ctx: Pick<QueryCtx, "db">, keyId: string) {
  return await ctx.db
    .query("serviceKeys")
    .withIndex("by_keyId", (q) => q.eq("keyId", keyId))
    .unique();
}

/** The key with this hash, or null. */
export async function findByHash(ctx: QueryCtx, hash: string) {
  return await ctx.db
    .query("serviceKeys")
    .withIndex("by_hash", (q) => q.eq("hash", hash))
    .unique();
}

/** @throws INVALID_ARGUMENT for a hash that is none or known, or where the account has as many keys as it may. */
export async function create(ctx: MutationCtx, { account, hash, expiresAt, by }: NewKey) {
  checkArgument(hashSchema, hash, "hash");
  const keyId = hash.slice(0, ID_LENGTH);
  if ((await find(ctx, keyId)) !== null)
    throw invalidArgument([{ path: "hash", message: "is that of a key already; make another" }]);
  if ((await rowsOf(ctx, account)).length >= KEYS_PER_ACCOUNT)
    throw invalidArgument([
      { path: "account", message: `has ${KEYS_PER_ACCOUNT} keys, its most; revoke one first` },
    ]);
  await ctx.db.insert("serviceKeys", {
    ...{ account, keyId, hash },
    ...(expiresAt === undefined ? {} : { expiresAt }),
  });
  await Audit.record(ctx, { by, action: "key.create", target: account, detail: keyId });
  return { keyId };
}

/**
 * Deletes a key: it is refused from now on, and so are the tokens that were given for it.
 *
 * @throws INVALID_ARGUMENT where there is none of this id.
 */
export async function revoke(
  ctx: MutationCtx,
  { keyId, by }: { keyId: string; by: string },
): Promise<{ account: string }> {
  const key = await find(ctx, keyId);
  if (key === null) throw invalidArgument([{ path: "keyId", message: "names no key" }]);
  await ctx.db.delete("serviceKeys", key._id);
  await Audit.record(ctx, { by, action: "key.revoke", target: key.account, detail: keyId });
  return { account: key.account };
}

/** The hour of a time, which is all that is kept of a key's use: a busy key costs one write an hour. */
export function hourOf(time: number): number {
  return Math.floor(time / HOUR_MS) * HOUR_MS;
}

/** Notes that a key was used in this hour. */
export async function markUsed(ctx: MutationCtx, keyId: string, now: number): Promise<void> {
  const key = await find(ctx, keyId);
  if (key !== null && key.lastUsedAt !== hourOf(now))
    await ctx.db.patch("serviceKeys", key._id, { lastUsedAt: hourOf(now) });
}

/** An account's keys, oldest first. */
export async function ofAccount(ctx: QueryCtx, account: string) {
  return (await rowsOf(ctx, account)).map(toListed);
}

async function rowsOf(ctx: QueryCtx, account: string) {
  return await ctx.db
    .query("serviceKeys")
    .withIndex("by_account", (q) => q.eq("account", account))
    .take(KEYS_PER_ACCOUNT);
}

function toListed({ _id, _creationTime, hash: _hash, ...key }: Doc<"serviceKeys">) {
  return { ...key, createdAt: _creationTime };
}
