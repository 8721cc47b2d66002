import { ConvexHttpClient } from "convex/browser";
import type { FunctionArgs, FunctionReference, FunctionReturnType } from "convex/server";

import { BackendUnavailableError } from "../errors.ts";
import type { ExchangedToken } from "../auth/tokenSource.ts";
import { backend } from "./backend.ts";
import type { Connection } from "./connection.ts";
import { within } from "./deadline.ts";
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

/** Of the time of an attempt: an exchange that is late is an outage, and must be known as one before the attempt's own time is up. */
const SHARE_OF_ATTEMPT = 0.8;

async function call<Action extends FunctionReference<"action">>(
  { url, attemptTimeoutMs, log, clock, fetch }: Way,
  action: Action,
  args: FunctionArgs<Action>,
): Promise<FunctionReturnType<Action>> {
  const answer: Answer = {
    httpStatus: undefined,
    requestId: newRequestId(),
    isFunctionError: false,
  };
  const timeoutMs = Math.round(attemptTimeoutMs * SHARE_OF_ATTEMPT);
  const late = () =>
    new BackendUnavailableError("timeout", `no token within ${timeoutMs} ms`, answer);
  try {
    return await within({ clock, timeoutMs, late }, (signal) => {
      const exchange = { fetch, clock, signal, token: null, redactor: log.redactor, answer };
      const client = new ConvexHttpClient(url, {
        fetch: exchangingFetch(exchange),
        skipConvexDeploymentUrlCheck: true,
        logger: false,
      });
      return client.action(action, args);
    });
  } catch (cause) {
    throw toKlipstreamError(cause, { answer, redactor: log.redactor });
  }
}
