import { ConvexHttpClient } from "convex/browser";
import type { FunctionArgs, FunctionReference, FunctionReturnType } from "convex/server";

import type { ExchangedToken } from "../auth/tokenSource.ts";
import { backend } from "./backend.ts";
import type { Connection } from "./connection.ts";
import { type Answer, exchangingFetch, newRequestId } from "./exchange.ts";
import { toKlipstreamError } from "./functionErrors.ts";

/** What an exchange is made over. */
type Way = Pick<Connection, "url" | "attemptTimeoutMs" | "log" | "clock" | "fetch">;

/**
 * Exchanges a service-account key for a token, at the deployment itself.
 *
 * @throws CredentialsRefusedError for a key that it does not accept; BackendUnavailableError while it is away.
 */
export function exchangeKeyOver(way: Way, key: string): Promise<ExchangedToken> {
  return call(way, backend.accessTokens.exchange, { key });
}

/** Likewise for a workload's identity token. */
export function exchangeIdentityOver(way: Way, identityToken: string): Promise<ExchangedToken> {
  way.log.redactor.learn(identityToken);
  return call(way, backend.accessTokens.exchangeIdentity, { identityToken });
}

async function call<Action extends FunctionReference<"action">>(
  { url, attemptTimeoutMs: timeoutMs, log, clock, fetch }: Way,
  action: Action,
  args: FunctionArgs<Action>,
): Promise<FunctionReturnType<Action>> {
  const answer: Answer = { httpStatus: undefined, requestId: newRequestId() };
  const exchange = { fetch, clock, timeoutMs, token: null, redactor: log.redactor, answer };
  const client = new ConvexHttpClient(url, {
    fetch: exchangingFetch(exchange),
    skipConvexDeploymentUrlCheck: true,
    logger: false,
  });
  try {
    return await client.action(action, args);
  } catch (cause) {
    throw toKlipstreamError(cause, { answer, redactor: log.redactor });
  }
}
