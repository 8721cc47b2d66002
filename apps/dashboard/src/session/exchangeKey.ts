import { ConvexHttpClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import { ConvexError } from "convex/values";

import { errorDataOf } from "../backend/describeFailure.ts";
import type { Account } from "./account.ts";

/** A key's worth: a token for some minutes, and whose it is. */
type Exchanged = { token: string } & Account & { scopes: readonly string[] };

/** What became of the exchange of a key. */
export type KeyExchange =
  | { kind: "token"; token: string; account: Account }
  /** For good: the key is unknown, expired or withdrawn. */
  | { kind: "refused"; why: string }
  /** The deployment cannot be reached; later it may be. */
  | { kind: "unreachable" };

const exchange = makeFunctionReference<"action", { key: string }, Exchanged>(
  "accessTokens:exchange",
);

/** Asks the deployment for a token in exchange for a key. Never throws. */
export async function exchangeKey(deploymentUrl: string, key: string): Promise<KeyExchange> {
  try {
    const { token, ...account } = await new ConvexHttpClient(deploymentUrl).action(exchange, {
      key,
    });
    return { kind: "token", token, account };
  } catch (error) {
    if (error instanceof ConvexError)
      return {
        kind: "refused",
        why: errorDataOf(error)?.message ?? "The deployment refused the key.",
      };
    // fetch() fails with a TypeError where there is no answer; everything else is an answer.
    if (error instanceof TypeError) return { kind: "unreachable" };
    return { kind: "refused", why: "This deployment does not take keys. Use a token." };
  }
}
