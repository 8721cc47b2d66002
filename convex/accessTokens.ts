import { v } from "convex/values";

import { internal } from "./_generated/api";
import { env } from "./_generated/server";
import { internalMutation, internalQuery, publicAction } from "./functions";
import * as AccessTokens from "./model/accessTokens";
import { failure } from "./model/errors";
import { verifyIdentityToken } from "./model/identityTokens";
import * as ServiceKeys from "./model/serviceKeys";

/** Exchanges a service account's key for a token of ten minutes. */
export const exchange = publicAction({
  args: { key: v.string() },
  returns: AccessTokens.vAccessToken,
  handler: async (ctx, { key }): Promise<AccessTokens.AccessToken> => {
    const now = Date.now();
    const hash = await ServiceKeys.hashKey(key);
    const entitled: AccessTokens.Entitlement | null = await ctx.runQuery(
      internal.accessTokens.entitlementOfKey,
      { hash, now },
    );
    if (entitled?.keyId == null) throw AccessTokens.keyRefused();
    const { keyId } = entitled;
    if (entitled.isFirstThisHour)
      await ctx.runMutation(internal.accessTokens.markUsed, { keyId, now });
    return await AccessTokens.issue(entitled, { grant: { key: keyId }, now });
  },
});

/** Exchanges the identity token (OIDC) of a workload that is bound to an account for a token of ten minutes. */
export const exchangeIdentity = publicAction({
  args: { identityToken: v.string() },
  returns: AccessTokens.vAccessToken,
  handler: async (ctx, { identityToken }): Promise<AccessTokens.AccessToken> => {
    const { KLIPSTREAM_OIDC_ISSUER: issuer, KLIPSTREAM_OIDC_AUDIENCE: audience } = env;
    if (issuer === undefined || audience === undefined)
      throw failure("UNAUTHENTICATED", "This deployment accepts no identity tokens.");
    const subject = await verifyIdentityToken(identityToken, { issuer, audience });
    const entitled: AccessTokens.Entitlement = await ctx.runQuery(
      internal.accessTokens.entitlementOfWorkload,
      { subject },
    );
    return await AccessTokens.issue(entitled, { grant: { workload: subject }, now: Date.now() });
  },
});

export const entitlementOfKey = internalQuery({
  args: { hash: v.string(), now: v.number() },
  returns: v.union(v.null(), AccessTokens.vEntitlement),
  handler: (ctx, args) => AccessTokens.entitlementOfKey(ctx, args),
});

export const entitlementOfWorkload = internalQuery({
  args: { subject: v.string() },
  returns: AccessTokens.vEntitlement,
  handler: (ctx, { subject }) => AccessTokens.entitlementOfWorkload(ctx, subject),
});

export const markUsed = internalMutation({
  args: { keyId: v.string(), now: v.number() },
  returns: v.null(),
  handler: async (ctx, { keyId, now }) => {
    await ServiceKeys.markUsed(ctx, keyId, now);
    return null;
  },
});
