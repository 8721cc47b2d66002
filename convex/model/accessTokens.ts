import { vScope } from "@klipstream/contract";
import { v } from "convex/values";

import { env, type QueryCtx } from "../_generated/server";
import { failure } from "./errors";
import * as ServiceAccounts from "./serviceAccounts";
import * as ServiceKeys from "./serviceKeys";
import { type Grant, signToken, TOKEN_LIFETIME_MS } from "./signing";
import * as Workloads from "./workloads";

/** What an exchange answers. Times are ms since the epoch, on the deployment's clock. */
export const vAccessToken = v.object({
  /** A JWT, for `Authorization: Bearer`. */
  token: v.string(),
  expiresAt: v.number(),
  /** For how long it is good from now on, in ms: what a caller whose clock is off can go by. */
  lifetimeMs: v.number(),
  /** The account. */
  subject: v.string(),
  scopes: v.array(vScope),
  /** When the key itself ends; null where it does not, and for a workload. */
  keyExpiresAt: v.union(v.number(), v.null()),
});

export type AccessToken = typeof vAccessToken.type;

/** What a key or a workload entitles to. */
export const vEntitlement = v.object({
  account: v.string(),
  scopes: v.array(vScope),
  keyId: v.union(v.string(), v.null()),
  keyExpiresAt: v.union(v.number(), v.null()),
  /** Whether the hour of the key's last use must be written down. */
  isFirstThisHour: v.boolean(),
});

export type Entitlement = typeof vEntitlement.type;

/** One refusal for every key: it says nothing about which keys there are. */
export const KEY_REFUSED =
  "This key is not accepted: it is wrong, has expired or was revoked, or its account is disabled.";

export function keyRefused() {
  return failure("UNAUTHENTICATED", KEY_REFUSED);
}

/**
 * What the key with this hash entitles to, or null. Takes the same steps for every key, so that the time says no more than
 * the answer.
 *
 * @param now - Ms since the epoch.
 */
export async function entitlementOfKey(
  ctx: QueryCtx,
  { hash, now }: { hash: string; now: number },
): Promise<Entitlement | null> {
  const key = await ServiceKeys.findByHash(ctx, hash);
  const account = await ServiceAccounts.find(ctx, key?.account ?? "");
  if (key === null || account === null || account.disabled) return null;
  const { expiresAt = null } = key;
  if (expiresAt !== null && expiresAt <= now) return null;
  return {
    ...{ account: account.name, scopes: account.scopes, keyId: key.keyId, keyExpiresAt: expiresAt },
    isFirstThisHour: key.lastUsedAt !== ServiceKeys.hourOf(now),
  };
}

/**
 * What a verified workload entitles to.
 *
 * @throws FORBIDDEN where it is bound to no account (it says which subject it is), or the account is disabled.
 */
export async function entitlementOfWorkload(ctx: QueryCtx, subject: string): Promise<Entitlement> {
  const workload = await Workloads.find(ctx, subject);
  if (workload === null)
    throw failure(
      "FORBIDDEN",
      `The workload "${subject}" is bound to no account; bind it with \`klipstream account bind\`.`,
      { subject },
    );
  const account = await ServiceAccounts.find(ctx, workload.account);
  if (account === null || account.disabled)
    throw failure("FORBIDDEN", `The account "${workload.account}" is disabled.`);
  const { name, scopes } = account;
  return { account: name, scopes, keyId: null, keyExpiresAt: null, isFirstThisHour: false };
}

/**
 * Gives a token that names its account and what it was given for, and nothing else that counts.
 *
 * @param now - Ms since the epoch.
 */
export async function issue(
  { account, scopes, keyExpiresAt }: Entitlement,
  { grant, now }: { grant: Grant; now: number },
): Promise<AccessToken> {
  const expiresAt = Math.min(now + TOKEN_LIFETIME_MS, keyExpiresAt ?? Infinity);
  const token = await signToken(
    { account, grant, issuer: env.KLIPSTREAM_JWT_ISSUER, issuedAt: now, expiresAt },
    env.KLIPSTREAM_JWT_PRIVATE_KEY,
  );
  return {
    ...{ token, expiresAt, lifetimeMs: expiresAt - now, subject: account, scopes },
    keyExpiresAt,
  };
}
