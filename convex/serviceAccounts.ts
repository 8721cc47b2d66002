import { vScope } from "@klipstream/contract";
import { v } from "convex/values";

import { internalMutation, internalQuery } from "./functions";
import { vBy } from "./model/audit";
import * as ServiceAccounts from "./model/serviceAccounts";
import { vServiceKey } from "./model/serviceKeys";
import * as Workloads from "./model/workloads";

const change = { account: v.string(), by: vBy };

/** Makes an account; a name is given once. */
export const create = internalMutation({
  args: { ...change, scopes: v.array(vScope) },
  returns: v.null(),
  handler: (ctx, args) => ServiceAccounts.create(ctx, args),
});

/** Refuses every token and every key of an account, or accepts them again; at once. */
export const setDisabled = internalMutation({
  args: { ...change, disabled: v.boolean() },
  returns: v.null(),
  handler: (ctx, args) => ServiceAccounts.setDisabled(ctx, args),
});

/** Sets what an account may do, from its next call on. */
export const setScopes = internalMutation({
  args: { ...change, scopes: v.array(vScope) },
  returns: v.null(),
  handler: (ctx, args) => ServiceAccounts.setScopes(ctx, args),
});

/** Lets a subject of the configured issuer act as an account. */
export const bind = internalMutation({
  args: { ...change, subject: v.string() },
  returns: v.null(),
  handler: async (ctx, args) => {
    await ServiceAccounts.get(ctx, args.account);
    return await Workloads.bind(ctx, args);
  },
});

/** Takes that back, at once. */
export const unbind = internalMutation({
  args: { ...change, subject: v.string() },
  returns: v.null(),
  handler: (ctx, args) => Workloads.unbind(ctx, args),
});

/** The accounts, at most 1,000. */
export const list = internalQuery({
  args: {},
  returns: v.array(ServiceAccounts.vServiceAccount),
  handler: (ctx) => ServiceAccounts.list(ctx),
});

/** One account with its keys and workloads, or null. */
export const show = internalQuery({
  args: { account: v.string() },
  returns: v.union(
    v.null(),
    ServiceAccounts.vServiceAccount.extend({
      keys: v.array(vServiceKey),
      workloads: v.array(Workloads.vWorkload),
    }),
  ),
  handler: (ctx, { account }) => ServiceAccounts.show(ctx, account),
});
