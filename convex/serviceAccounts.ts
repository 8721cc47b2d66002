import { v } from "convex/values";

import { internalMutation, internalQuery } from "./functions";
import * as ServiceAccounts from "./model/serviceAccounts";

/** Refuses every token of an account, or accepts them again; at once, and whether or not the account was seen before. */
export const setDisabled = internalMutation({
  args: { subject: v.string(), disabled: v.boolean() },
  returns: v.null(),
  handler: (ctx, { subject, disabled }) => ServiceAccounts.restrict(ctx, subject, { disabled }),
});

/** Refuses every token of an account whose generation is below this one. */
export const setMinGeneration = internalMutation({
  args: { subject: v.string(), minGeneration: v.number() },
  returns: v.null(),
  handler: (ctx, { subject, minGeneration }) =>
    ServiceAccounts.restrict(ctx, subject, { minGeneration }),
});

/** The restricted accounts, at most 1,000. */
export const list = internalQuery({
  args: {},
  returns: v.array(ServiceAccounts.vServiceAccount),
  handler: (ctx) => ServiceAccounts.list(ctx),
});
