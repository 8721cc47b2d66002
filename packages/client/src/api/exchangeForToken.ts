import type { FunctionArgs, FunctionReference, FunctionReturnType } from "convex/server";

import type { ExchangedToken } from "../auth/tokenSource.ts";
import type { Clock } from "../clock.ts";
import { BackendUnavailableError, ServerError } from "../errors.ts";
import type { EventLog } from "../log/log.ts";
import { backend } from "./backend.ts";
import { type EarlyEnd, within } from "./deadline.ts";
import { clientOver, noAnswerYet } from "./exchange.ts";
import { toKlipstreamError } from "./functionErrors.ts";

/** How requests reach a deployment, credentials apart. */
export type Way = {
  url: string;
  attemptTimeoutMs: number;
  log: EventLog;
  clock: Clock;
  earlyEnd: EarlyEnd;
  fetch: typeof globalThis.fetch;
};

/**
 * Exchanges a service-account key for a token, at the deployment itself.
 *
 * @throws CredentialsRefusedError for a key that it does not accept; BackendUnavailableError while it is away, or its exchange broken.
 */
export function exchangeKeyOver(way: Way, key: string): Promise<ExchangedToken> {
  return call(way, backend.accessTokens.exchange, { key });
}

/** Likewise for a workload's identity token. */
export function exchangeIdentityOver(way: Way, identityToken: string): Promise<ExchangedToken> {
  way.log.redactor.learn(identityToken);
  return call(way, backend.accessTokens.exchangeIdentity, { identityToken });
}

/** The part of an attempt's time that its exchange may take: an exchange that is late must be known before the attempt itself is. */
const SHARE_OF_ATTEMPT = 0.8;

async function call<Action extends FunctionReference<"action">>(
  { url, attemptTimeoutMs, log, clock, earlyEnd, fetch }: Way,
  action: Action,
  args: FunctionArgs<Action>,
): Promise<FunctionReturnType<Action>> {
  const answer = noAnswerYet();
  const timeoutMs = Math.round(attemptTimeoutMs * SHARE_OF_ATTEMPT);
  const late = () =>
    new BackendUnavailableError("timeout", `no token within ${timeoutMs} ms`, answer);
  try {
    return await within({ clock, earlyEnd, timeoutMs, late }, (signal) => {
      const exchange = { fetch, clock, signal, token: null, redactor: log.redactor, answer };
      return clientOver(url, exchange).action(action, args);
    });
  } catch (cause) {
    const error = toKlipstreamError(cause, { answer, redactor: log.redactor });
    // The credential may be right: what failed is the deployment's own.
    if (error instanceof ServerError) throw brokenExchange(error);
    throw error;
  }
}

function brokenExchange(error: ServerError): BackendUnavailableError {
  const { httpStatus, requestId } = error;
  const details = { httpStatus, requestId, cause: error };
  return new BackendUnavailableError("status", `the exchange failed: ${error.message}`, details);
}
