/** What the sender of a token is told when it does not verify: enough to find out which setting is wrong. */
import { decodeProtectedHeader, errors, type JWTPayload } from "jose";
import { z } from "zod";

import type { AuthProvider } from "../push/authProviders.ts";
import { unauthenticated } from "../requestError.ts";

export const invalidToken = (message: string) => unauthenticated("InvalidAuthHeader", message);

export function noProvider({ iss, aud }: JWTPayload, providers: readonly AuthProvider[]): Error {
  const audience = JSON.stringify(aud ?? null);
  const known = providers.map(describeProvider).join(", ");
  return unauthenticated(
    "NoAuthProvider",
    `No auth provider found matching the given token: its issuer is "${iss ?? ""}", its audience ${audience}; the configured providers are [${known}]. See convex/auth.config.ts.`,
  );
}

export function notAJwt(error: unknown): Error {
  return invalidToken(
    `Could not parse as JWT: a token has three base64-encoded parts, separated by dots (${textOf(error)}).`,
  );
}

/** Why a provider's keys could not be had. */
export function noKeys(provider: AuthProvider, error: unknown): Error {
  const issuer = "type" in provider ? provider.issuer : provider.domain;
  return error instanceof SyntaxError || error instanceof z.ZodError
    ? invalidToken(`Invalid JWKS response body of the provider ${issuer}: ${textOf(error)}`)
    : invalidToken(`Could not fetch the JWKS of the provider ${issuer}: ${textOf(error)}`);
}

export function notYetValid(validFrom: number): Error {
  const seconds = Math.ceil(validFrom - Date.now() / 1000);
  return invalidToken(`Could not validate token: it will be valid in ${seconds} seconds`);
}

/** Why `jwtVerify` has refused a token. */
export function notVerified(token: string, error: unknown): unknown {
  if (error instanceof errors.JWTExpired) {
    const seconds = Math.floor(Date.now() / 1000 - (error.payload.exp ?? 0));
    return invalidToken(`Could not validate token: Token expired ${seconds} seconds ago`);
  }
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === "nbf")
    return notYetValid(error.payload.nbf ?? 0);
  const { kid } = decodeProtectedHeader(token);
  if (error instanceof errors.JWKSNoMatchingKey)
    return invalidToken(
      `Could not decode token: its 'kid' (key id) is "${kid ?? ""}", and no key of the provider's JWKS has that id and algorithm.`,
    );
  if (error instanceof errors.JOSEError)
    return invalidToken(`Could not verify token: ${error.message}`);
  return error;
}

function describeProvider(provider: AuthProvider): string {
  const application = provider.applicationID ?? "none";
  return "type" in provider
    ? `CustomJWT(issuer=${provider.issuer}, app_id=${application})`
    : `OIDC(domain=${provider.domain}, app_id=${application})`;
}

function textOf(error: unknown): string {
  if (error instanceof z.ZodError) return z.prettifyError(error);
  return error instanceof Error ? error.message : String(error);
}
