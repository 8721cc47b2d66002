import {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  jwtVerify,
  type JWTPayload,
} from "jose";

import type { Identity } from "../engine/callsAndOutcomes.ts";
import type { AuthProvider } from "../push/authProviders.ts";
import { fetchJson, JwksCache, parseDataUri } from "./jwks.ts";
import {
  invalidToken,
  noKeys,
  noProvider,
  notAJwt,
  notVerified,
  notYetValid,
} from "./tokenProblems.ts";

const LEEWAY_S = 5;
const MOST_INLINE_KEY_SETS = 20;
const REGISTERED = new Set(["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "fva"]);

export type VerifiedToken = {
  identity: Identity;
  /** When the token ends, in ms since the epoch. */
  expiresAt: number;
};

/** Verifies users' tokens against the providers of `auth.config.ts`, by the rules of the real backend. */
export class TokenVerifier {
  readonly #remoteKeys = new JwksCache(fetchJson);
  /** By `data:` URI: importing a key costs more than verifying with it. */
  readonly #inlineKeys = new Map<string, LocalKeys>();

  /**
   * @param token a compact JWT.
   * @throws RequestError 401: `InvalidAuthHeader`, `NoAuthProvider` or `Unauthenticated`.
   */
  async verify(token: string, providers: readonly AuthProvider[]): Promise<VerifiedToken> {
    const claims = claimsOf(token);
    const provider = providers.find((each) => isFor(each, claims));
    if (provider === undefined) throw noProvider(claims, providers);
    const keys = await this.#keysOf(provider);
    const algorithm = "type" in provider ? provider.algorithm : "RS256";
    if ("type" in provider && decodeProtectedHeader(token).kid === undefined)
      throw invalidToken("Could not decode token: its header is missing a 'kid' (key id).");
    try {
      const { payload } = await jwtVerify(token, keys, {
        algorithms: [algorithm],
        clockTolerance: LEEWAY_S,
        requiredClaims: ["exp", "sub"],
      });
      refuseFuture(payload);
      return {
        identity: identityOf(payload, "type" in provider),
        expiresAt: (payload.exp ?? 0) * 1000,
      };
    } catch (error) {
      throw notVerified(token, error);
    }
  }

  async #keysOf(provider: AuthProvider): Promise<LocalKeys> {
    try {
      if (!("type" in provider))
        return createLocalJWKSet(await this.#remoteKeys.discover(provider.domain));
      const inline = this.#inlineKeys.get(provider.jwks) ?? this.#readInline(provider.jwks);
      return inline ?? createLocalJWKSet(await this.#remoteKeys.get(provider.jwks));
    } catch (cause) {
      throw noKeys(provider, cause);
    }
  }

  #readInline(uri: string): LocalKeys | null {
    const parsed = parseDataUri(uri);
    if (parsed === null) return null;
    const keys = createLocalJWKSet(parsed);
    // One per provider, and few come and go with the variables.
    if (this.#inlineKeys.size >= MOST_INLINE_KEY_SETS) this.#inlineKeys.clear();
    this.#inlineKeys.set(uri, keys);
    return keys;
  }
}

type LocalKeys = ReturnType<typeof createLocalJWKSet>;

function claimsOf(token: string): JWTPayload {
  try {
    const claims = decodeJwt(token);
    if (typeof claims.iss === "string") return claims;
  } catch (error) {
    throw notAJwt(error);
  }
  throw invalidToken("The token has no issuer: the claim 'iss' is missing.");
}

function isFor(provider: AuthProvider, { iss, aud }: JWTPayload): boolean {
  const issuer = "type" in provider ? provider.issuer : provider.domain;
  if (asUrl(issuer) !== asUrl(iss ?? "")) return false;
  const { applicationID } = provider;
  if (applicationID === null) return true;
  return Array.isArray(aud) ? aud.includes(applicationID) : aud === applicationID;
}

function asUrl(issuer: string): string {
  const withScheme = /^https?:\/\//.test(issuer) ? issuer : `https://${issuer}`;
  return withScheme.replace(/\/+$/, "");
}

function refuseFuture({ iat }: JWTPayload): void {
  if (iat !== undefined && iat > Date.now() / 1000 + LEEWAY_S) throw notYetValid(iat);
}

/** OIDC names its claims in the way of `UserIdentity`; a custom JWT keeps them as they are. */
const OIDC_NAMES: Record<string, string> = {
  given_name: "givenName",
  family_name: "familyName",
  preferred_username: "preferredUsername",
  profile: "profileUrl",
  picture: "pictureUrl",
  email_verified: "emailVerified",
  birthdate: "birthday",
  zoneinfo: "timezone",
  locale: "language",
  phone_number: "phoneNumber",
  phone_number_verified: "phoneNumberVerified",
  updated_at: "updatedAt",
};

function identityOf(payload: JWTPayload, isCustom: boolean): Identity {
  const issuer = payload.iss ?? "";
  const subject = payload.sub ?? "";
  const identity: Identity = { issuer, subject, tokenIdentifier: `${issuer}|${subject}` };
  for (const [name, value] of Object.entries(payload))
    if (!REGISTERED.has(name))
      flattenInto(identity, isCustom ? name : (OIDC_NAMES[name] ?? name), value);
  return identity;
}

function flattenInto(identity: Identity, name: string, value: unknown): void {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    for (const [key, field] of Object.entries(value))
      flattenInto(identity, `${name}.${key}`, field);
  else identity[name] = value as Identity[string];
}
