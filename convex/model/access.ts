import { env, type MutationCtx, type QueryCtx } from "../_generated/server";
import { failure } from "./errors";
import * as ServiceAccounts from "./serviceAccounts";

/** What a pipeline's mutation runs in: `actor` is who reports. */
export type PipelineCtx = MutationCtx & { actor: string };

export type Scope = "videos:read" | "videos:write";

/** The actor of a caller without a token, where the deployment allows that. */
export const ANONYMOUS = "anonymous";

/**
 * Requires a token with this scope, of an account that is not disabled, of a generation that is not revoked.
 *
 * @returns The token's subject, or `anonymous` where the deployment sets ALLOW_ANONYMOUS_PIPELINES.
 * @throws UNAUTHENTICATED without a token; FORBIDDEN with one that does not suffice.
 */
export async function requireScope(ctx: Pick<QueryCtx, "auth" | "db">, scope: Scope) {
  const identity = await ctx.auth.getUserIdentity();
  if (identity === null) {
    if (env.ALLOW_ANONYMOUS_PIPELINES !== "true")
      throw failure("UNAUTHENTICATED", `Send a token with the scope "${scope}".`);
    await requireAccount(ctx, ANONYMOUS, 0);
    return ANONYMOUS;
  }
  if (!scopesOf(identity.scope).includes(scope))
    throw failure("FORBIDDEN", `The token lacks the scope "${scope}".`, { scope });
  await requireAccount(ctx, identity.subject, identity.gen);
  return identity.subject;
}

async function requireAccount(ctx: Pick<QueryCtx, "db">, subject: string, generation: unknown) {
  const account = await ServiceAccounts.find(ctx, subject);
  if (account === null) return;
  if (account.disabled) throw failure("FORBIDDEN", `The account "${subject}" is disabled.`);
  const current = typeof generation === "number" ? generation : 0;
  if (current < account.minGeneration)
    throw failure(
      "FORBIDDEN",
      `Tokens of "${subject}" below generation ${account.minGeneration} are revoked; make a new key.`,
    );
}

function scopesOf(claim: unknown): string[] {
  return typeof claim === "string" ? claim.split(" ") : [];
}
