import { decodeJwt } from "jose";

import type { Clock } from "../clock.ts";
import { ConfigurationError } from "../errors.ts";
import { isServiceAccountKey, readServiceAccountKey } from "./serviceAccountKey.ts";

/**
 * Where tokens come from. Called before a request and after a refusal; results are not cached by the caller, so a source
 * that asks a server should cache.
 *
 * @param request.forceRefresh - The last token was refused: hand out a new one.
 * @returns A JWT, or null to call without one.
 */
export type TokenSource = (request: { forceRefresh: boolean }) => Promise<string | null>;

/** A token that the deployment gave, and for how many ms it is good from then on. */
export type ExchangedToken = { token: string; lifetimeMs: number };

/** Asks the deployment for a token for a key. */
export type ExchangeKey = (key: string) => Promise<ExchangedToken>;

/** A token is renewed when this part of its life is over. */
const RENEWED_AFTER = 0.8;

/**
 * Reads the value of `CONVEX_API_KEY`.
 *
 * @param apiKey - A service-account key or a ready JWT.
 * @param option - Where it came from, for the error.
 * @throws ConfigurationError for anything else, with an explanation for a Convex deploy key.
 */
export function tokenSourceFor(
  apiKey: string,
  option: string,
  { exchangeKey, clock }: { exchangeKey: ExchangeKey; clock: Clock },
): TokenSource {
  if (isServiceAccountKey(apiKey)) {
    if (readServiceAccountKey(apiKey) === null)
      throw new ConfigurationError(
        option,
        "is not a whole service-account key; copy it again, or make one with `klipstream key create`",
      );
    return exchangingTokenSource(() => exchangeKey(apiKey), clock);
  }
  if (isDeployKey(apiKey))
    throw new ConfigurationError(
      option,
      "is a Convex deploy key, which would give the pipeline power over the whole deployment; make a service-account key with `klipstream key create`",
    );
  if (!isJwt(apiKey))
    throw new ConfigurationError(
      option,
      "is neither a service-account key (klip_...) nor a JWT; make one with `klipstream key create`",
    );
  return () => Promise.resolve(apiKey);
}

/** Exchanges for a token: kept in memory, renewed ahead of its end, one exchange at a time. */
export function exchangingTokenSource(
  exchange: () => Promise<ExchangedToken>,
  clock: Clock,
): TokenSource {
  let current: { token: string; renewAt: number } | undefined;
  let underWay: Promise<string> | undefined;

  const renew = async () => {
    // The token's life began some time during the exchange: counted from its start, it is never too long.
    const askedAt = clock.monotonic();
    const { token, lifetimeMs } = await exchange();
    current = { token, renewAt: askedAt + lifetimeMs * RENEWED_AFTER };
    return token;
  };
  return ({ forceRefresh }) => {
    if (current !== undefined && !forceRefresh && clock.monotonic() < current.renewAt)
      return Promise.resolve(current.token);
    underWay ??= renew().finally(() => (underWay = undefined));
    return underWay;
  };
}

/** `prod:happy-animal-123|eyJ2...`, `dev:...|...`, `instance-name|...` of a self-hosted backend. */
function isDeployKey(text: string): boolean {
  return text.includes("|");
}

function isJwt(text: string): boolean {
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(text)) return false;
  try {
    decodeJwt(text);
    return true;
  } catch {
    // Three parts that hold no claims: the caller says what it expects.
    return false;
  }
}
