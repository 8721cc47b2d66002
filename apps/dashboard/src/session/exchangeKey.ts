import { ConvexHttpClient } from "convex/browser";
import { ConvexError } from "convex/values";

import { backend } from "../backend/api.ts";
import { errorDataOf } from "../backend/describeFailure.ts";
import type { Account } from "./account.ts";

/** What became of the exchange of a key. */
export type KeyExchange =
  | { kind: "token"; token: string; account: Account }
  /** For good: the key is unknown, has expired or was revoked. */
  | { kind: "refused"; why: string }
  /** The deployment cannot be reached, or has troubles of its own: later it may do. */
  | { kind: "unreachable" };

/** Asks the deployment for a token in exchange for a key. Never throws. */
export async function exchangeKey(deploymentUrl: string, key: string): Promise<KeyExchange> {
  try {
    const client = new ConvexHttpClient(deploymentUrl, { logger: false });
    const { token, subject, scopes, expiresAt } = await client.action(
      backend.accessTokens.exchange,
      { key },
    );
    return { kind: "token", token, account: { subject, scopes, expiresAt } };
  } catch (error) {
    if (error instanceof ConvexError)
      return {
        kind: "refused",
        why: errorDataOf(error)?.message ?? "The deployment refused the key.",
      };
    if (error instanceof Error && error.message.includes("Could not find public function"))
      return { kind: "refused", why: "This deployment does not take keys. Use a token." };
    // No answer, or one such as 503: a session must not end for it.
    return { kind: "unreachable" };
  }
}
