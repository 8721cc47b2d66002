import { v } from "convex/values";

import { internalMutation } from "./functions";
import { vBy } from "./model/audit";
import * as ServiceAccounts from "./model/serviceAccounts";
import * as ServiceKeys from "./model/serviceKeys";

/** Takes a key's hash: the key itself never comes here before its first exchange. */
export const create = internalMutation({
  args: {
    account: v.string(),
    hash: v.string(),
    expiresAt: v.optional(v.number()),
    by: vBy,
  },
  returns: v.object({ keyId: v.string() }),
  handler: async (ctx, args) => {
    await ServiceAccounts.get(ctx, args.account);
    return await ServiceKeys.create(ctx, args);
  },
});

/** Refuses a key and every token that was given for it, at once. */
export const revoke = internalMutation({
  args: { keyId: v.string(), by: vBy },
  returns: v.object({ account: v.string() }),
  handler: (ctx, args) => ServiceKeys.revoke(ctx, args),
});
