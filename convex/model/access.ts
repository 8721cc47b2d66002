import { ANONYMOUS, type Scope } from "@klipstream/contract";
import type { UserIdentity } from "convex/server";

import type { Doc } from "../_generated/dataModel";
import { env, type MutationCtx, type QueryCtx } from "../_generated/server";
import { failure } from "./errors";
import * as ServiceAccounts from "./serviceAccounts";
import * as ServiceKeys from "./serviceKeys";
import * as Workloads from "./workloads";

/** What a pipeline's mutation runs in: `actor` is who reports. */
export type PipelineCtx = MutationCtx & { actor: string };

type AccessCtx = Pick<QueryCtx, "auth" | "db">;

/**
 * Requires a token of an account that has this scope now, is not disabled, and still has the key or the workload that the
 * token was given for.
 *
 * @returns The account's name, or `anonymous` where the deployment sets ALLOW_ANONYMOUS_PIPELINES.
 * @throws UNAUTHENTICATED without a token; FORBIDDEN with one that does not suffice.
 */
export async function requireScope(ctx: AccessCtx, scope: Scope): Promise<string> {
  const identity = await ctx.auth.getUserIdentity();
  if (identity === null) {
    if (env.ALLOW_ANONYMOUS_PIPELINES === "true") return ANONYMOUS;
    throw failure("UNAUTHENTICATED", `Send a token of an account with the scope "${scope}".`);
  }
  const account = await requireAccount(ctx, identity);
  if (account.disabled) throw failure("FORBIDDEN", `The account "${account.name}" is disabled.`);
  if (!account.scopes.includes(scope))
    throw failure("FORBIDDEN", `The account "${account.name}" lacks the scope "${scope}".`, {
      scope,
    });
  return account.name;
}

/** The claims name rows; only the rows say what a token may do. */
async function requireAccount(
  ctx: AccessCtx,
  identity: UserIdentity,
): Promise<Doc<"serviceAccounts">> {
  const grant = await findGrant(ctx, identity);
  const account = await ServiceAccounts.find(ctx, identity.subject);
  if (account !== null && grant?.account === account.name) return account;
  throw failure(
    "FORBIDDEN",
    "The key or the workload that this token was given for is withdrawn; exchange one that is not.",
  );
}

async function findGrant(ctx: AccessCtx, { key, workload }: UserIdentity) {
  if (typeof key === "string") return await ServiceKeys.find(ctx, key);
  if (typeof workload === "string") return await Workloads.find(ctx, workload);
  return null;
}
