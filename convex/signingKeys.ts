import { v } from "convex/values";

import { env } from "./_generated/server";
import { internalAction, internalMutation, internalQuery } from "./functions";
import * as Audit from "./model/audit";
import { signToken, TOKEN_LIFETIME_MS } from "./model/signing";

/** No account can have this name: the token of a trial opens nothing. */
const TRIAL = "_signing-key-trial";
const TRIAL_LIFETIME_MS = 60_000;
/** What Convex forgives a token whose time is over, and more. */
const LEEWAY_MS = 10_000;

const vStep = v.union(v.literal("publish"), v.literal("sign"), v.literal("retire"));

/**
 * Signs a token that opens nothing, with the next key: that it is accepted proves that the key is published, and that this
 * runtime can sign with it. Null where there is no next key.
 */
export const signTrial = internalAction({
  args: {},
  returns: v.union(v.string(), v.null()),
  handler: async () => {
    const variable = env.KLIPSTREAM_JWT_NEXT_PRIVATE_KEY;
    if (variable === undefined) return null;
    const issuedAt = Date.now();
    const expiresAt = issuedAt + TRIAL_LIFETIME_MS;
    const issuer = env.KLIPSTREAM_JWT_ISSUER;
    return await signToken(
      { account: TRIAL, grant: { key: TRIAL }, issuer, issuedAt, expiresAt },
      variable,
    );
  },
});

/** Leaves the row of a step of a rotation in the audit. */
export const recordStep = internalMutation({
  args: { step: vStep, kid: v.string(), by: Audit.vBy },
  returns: v.null(),
  handler: async (ctx, { step, kid, by }) => {
    await Audit.record(ctx, { by, action: `signing-key.${step}`, target: kid });
    return null;
  },
});

/**
 * How long the key before this one must stay published yet, in ms: until no token that it signed is alive. Null where it is
 * not known that this key signs.
 */
export const msUntilRetirable = internalQuery({
  args: { signingKid: v.string() },
  returns: v.union(v.number(), v.null()),
  handler: async (ctx, { signingKid }) => {
    const since = await Audit.lastTimeOf(ctx, "signing-key.sign", signingKid);
    if (since === null) return null;
    return Math.max(0, since + TOKEN_LIFETIME_MS + LEEWAY_MS - Date.now());
  },
});
