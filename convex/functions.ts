import { customCtx, customMutation, customQuery } from "convex-helpers/server/customFunctions";

import { action, mutation, query } from "./_generated/server";
import { requireScope } from "./model/access";

/** For crons and operators: out of reach of every token. */
export { internalAction, internalMutation, internalQuery } from "./_generated/server";

/** A query that anyone may call, without a token too. */
export const publicQuery = query;

/** An action that anyone may call: the exchange, which is how one comes by a token. */
export const publicAction = action;

/** A query for accounts with the scope `videos:read`. */
export const viewerQuery = customQuery(
  query,
  customCtx(async (ctx) => {
    await requireScope(ctx, "videos:read");
    return {};
  }),
);

/** A mutation for accounts with the scope `videos:write`; `ctx.actor` is the account. */
export const pipelineMutation = customMutation(
  mutation,
  customCtx(async (ctx) => ({ actor: await requireScope(ctx, "videos:write") })),
);
