import { decodeJwt } from "jose";

import type { Clock } from "../clock.ts";
import { ConfigurationError } from "../errors.ts";
import {
  isServiceAccountKey,
  mintToken,
  parseServiceAccountKey,
  type ServiceAccount,
  TOKEN_LIFETIME_SECONDS,
} from "./serviceAccountKey.ts";

/**
 * Where tokens come from. Called before a request and after a refusal; results are not cached by the caller, so a source
 * that asks a server should cache.
 *
 * @param request.forceRefresh - The last token was refused: hand out a new one.
 * @returns A JWT, or null to call without one.
 */
export type TokenSource = (request: { forceRefresh: boolean }) => Promise<string | null>;

/** A minted token is replaced when a tenth of its life is left. */
const REFRESH_AHEAD_MS = TOKEN_LIFETIME_SECONDS * 100;

/**
 * Reads the value of `CONVEX_API_KEY`.
 *
 * @param apiKey - A service-account key or a ready JWT.
 * @param option - Where it came from, for the error.
 * @throws ConfigurationError for anything else, with an explanation for a Convex deploy key.
 */
export function tokenSourceFor(apiKey: string, option: string, clock: Clock): TokenSource {
  if (isServiceAccountKey(apiKey))
    return mintingTokenSource(parseServiceAccountKey(apiKey, option), clock);
  if (isDeployKey(apiKey))
    throw new ConfigurationError(
      option,
      "is a Convex deploy key, which would give the pipeline power over the whole deployment; make a service-account key with `klipstream token create-key`",
    );
  if (!isJwt(apiKey))
    throw new ConfigurationError(
      option,
      "is neither a service-account key (klipstream_sa_...) nor a JWT; make one with `klipstream token create-key`",
    );
  return () => Promise.resolve(apiKey);
}

/** Mints tokens from a service account's key: refreshed ahead of expiry, one at a time. */
export function mintingTokenSource(account: ServiceAccount, clock: Clock): TokenSource {
  let current: { token: string; mintedAt: number } | undefined;
  let minting: Promise<string> | undefined;

  const mint = async () => {
    // Measured from before the minting, on the clock that does not jump.
    const mintedAt = clock.monotonic();
    const token = await mintToken(account, { now: clock.now() });
    current = { token, mintedAt };
    return token;
  };
  return ({ forceRefresh }) => {
    const freshForMs = TOKEN_LIFETIME_SECONDS * 1000 - REFRESH_AHEAD_MS;
    const isFresh = current !== undefined && clock.monotonic() - current.mintedAt < freshForMs;
    if (current !== undefined && isFresh && !forceRefresh) return Promise.resolve(current.token);
    minting ??= mint().finally(() => (minting = undefined));
    return minting;
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
