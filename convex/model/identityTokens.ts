import { createLocalJWKSet, decodeJwt, jwtVerify } from "jose";
import { z } from "zod";

import { failure } from "./errors";

/** What Google's and GitHub's workloads are given; a token says nothing in this. */
const ALGORITHM = "RS256";
const LEEWAY_S = 5;

const discoverySchema = z.looseObject({ issuer: z.string(), jwks_uri: z.url() });
const jwksSchema = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })) });

/** Which identity tokens are accepted. */
export type Trusted = { issuer: string; audience: string };

/**
 * Verifies a workload's identity token (OIDC). Of its claims only issuer, audience, times and subject count.
 *
 * @returns The subject.
 * @throws UNAUTHENTICATED for a token that does not verify; Error where the issuer's keys cannot be had.
 */
export async function verifyIdentityToken(token: string, trusted: Trusted): Promise<string> {
  refuseForeign(token, trusted);
  const keys = createLocalJWKSet(await fetchKeys(trusted.issuer));
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer: trusted.issuer,
      audience: trusted.audience,
      algorithms: [ALGORITHM],
      requiredClaims: ["exp", "sub"],
      clockTolerance: LEEWAY_S,
    });
    if (typeof payload.sub === "string" && payload.sub !== "") return payload.sub;
  } catch (error) {
    throw refused(error instanceof Error ? error.message : "it cannot be read");
  }
  throw refused("it has no subject");
}

/** Before anything is fetched for it: a stranger's token must not cost a request. */
function refuseForeign(token: string, { issuer, audience }: Trusted): void {
  let claims: ReturnType<typeof decodeJwt>;
  try {
    claims = decodeJwt(token);
  } catch {
    throw refused("it is no JWT");
  }
  if (claims.iss !== issuer) throw refused("its issuer is not the one that is trusted here");
  if (![claims.aud].flat().includes(audience))
    throw refused("its audience is not the one that is expected here");
}

async function fetchKeys(issuer: string) {
  const base = issuer.replace(/\/+$/, "");
  const discovery = discoverySchema.parse(
    await fetchJson(`${base}/.well-known/openid-configuration`),
  );
  if (discovery.issuer !== issuer)
    throw new Error(`The issuer calls itself ${discovery.issuer}, not ${issuer}.`);
  return jwksSchema.parse(await fetchJson(discovery.jwks_uri));
}

async function fetchJson(url: string): Promise<unknown> {
  // Whoever stands between could give out keys of his own.
  if (!/^https:|^http:\/\/(127\.0\.0\.1|localhost)[:/]/.test(url))
    throw new Error(`${url} is not https.`);
  const response = await fetch(url, { headers: { accept: "application/json" } });
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}.`);
  return await response.json();
}

function refused(why: string) {
  return failure("UNAUTHENTICATED", `This identity token is not accepted: ${why}.`);
}
