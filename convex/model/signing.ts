import { importPKCS8, SignJWT } from "jose";
import { z } from "zod";

/** The `applicationID` of auth.config.ts. */
const AUDIENCE = "klipstream";

/**
 * What Convex takes from a `customJwt` provider is RS256 and ES256; RS256 is what Convex Auth signs with in the functions'
 * default runtime, on every version of the backend that is in use.
 */
const ALGORITHM = "RS256";

/** How long a token lives, in ms. */
export const TOKEN_LIFETIME_MS = 600_000;

/** A private key as a variable holds it: the name that the JWKS gives to its public half, and PKCS #8 in base64. */
const privateKeySchema = z.object({ kid: z.string().min(1), pkcs8: z.string().min(1) });

/** For which key or which workload a token is given; what `requireScope` looks up with each call. */
export type Grant = { key: string } | { workload: string };

/**
 * Signs a token.
 *
 * @param token.issuedAt - Ms since the epoch; `expiresAt` likewise.
 * @param variable - The content of KLIPSTREAM_JWT_PRIVATE_KEY or of the next one.
 * @throws Error where the variable holds no key; it never repeats it.
 */
export async function signToken(
  token: {
    account: string;
    grant: Grant;
    issuer: string;
    issuedAt: number;
    expiresAt: number;
  },
  variable: string,
): Promise<string> {
  const { kid, pkcs8 } = readPrivateKey(variable);
  const pem = `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----`;
  return await new SignJWT({ ...token.grant })
    .setProtectedHeader({ alg: ALGORITHM, kid, typ: "JWT" })
    .setSubject(token.account)
    .setIssuer(token.issuer)
    .setAudience(AUDIENCE)
    // A renewed token must be another one, also within the same second.
    .setJti(crypto.randomUUID())
    .setIssuedAt(inSeconds(token.issuedAt))
    .setExpirationTime(inSeconds(token.expiresAt))
    .sign(await importPKCS8(pem, ALGORITHM));
}

function readPrivateKey(variable: string): z.infer<typeof privateKeySchema> {
  const parsed = privateKeySchema.safeParse(parseJson(variable));
  if (parsed.success) return parsed.data;
  throw new Error("The signing key cannot be read; make one with `klipstream signing-key init`.");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON is no key: the caller says so, without repeating it.
    return undefined;
  }
}

function inSeconds(ms: number): number {
  return Math.floor(ms / 1000);
}
