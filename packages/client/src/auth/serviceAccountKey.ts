import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, SignJWT } from "jose";
import { z } from "zod";

import { ConfigurationError } from "../errors.ts";

/** The `applicationID` of the backend's auth provider, hence the `aud` of every token. */
export const TOKEN_AUDIENCE = "klipstream";

/** How long a minted token is valid, in seconds. */
export const TOKEN_LIFETIME_SECONDS = 600;

/** The backend tolerates 5 s of clock skew; tokens say that they were issued this long ago. */
const ISSUED_IN_PAST_SECONDS = 30;

export const SERVICE_ACCOUNT_KEY_PREFIX = "klipstream_sa_";

const ALGORITHM = "ES256";

const publicJwkSchema = z.object({
  kty: z.literal("EC"),
  crv: z.literal("P-256"),
  x: z.string(),
  y: z.string(),
});
const privateJwkSchema = publicJwkSchema.extend({ d: z.string() });

/** A P-256 public key. */
export type PublicJwk = z.infer<typeof publicJwkSchema>;
/** A P-256 private key. */
export type PrivateJwk = z.infer<typeof privateJwkSchema>;

/** A key pair that signs tokens; the deployment knows its public half. */
export type SigningKey = {
  /** The key's thumbprint (RFC 7638): what tokens and the JWKS call it. */
  kid: string;
  privateJwk: PrivateJwk;
  publicJwk: PublicJwk & { kid: string; alg: "ES256"; use: "sig" };
};

const serviceAccountSchema = z.object({
  version: z.literal(1),
  /** The name that events carry as their actor. */
  subject: z.string().min(1),
  /** What its tokens may do: `videos:read videos:write`. */
  scope: z.string().min(1),
  /** Raised when keys are withdrawn; the backend refuses older ones. */
  generation: z.number().int().min(0),
  issuer: z.string().min(1),
  kid: z.string().min(1),
  privateJwk: privateJwkSchema,
  /** Milliseconds since 1970 after which no token is minted from this key. */
  expiresAt: z.number().int().optional(),
});

/** What a service-account key holds. */
export type ServiceAccount = Omit<z.infer<typeof serviceAccountSchema>, "version">;

/** Makes a new key pair. */
export async function createSigningKey(): Promise<SigningKey> {
  const pair = await generateKeyPair(ALGORITHM, { extractable: true });
  const privateJwk = privateJwkSchema.parse(await exportJWK(pair.privateKey));
  const bare = publicJwkSchema.parse(await exportJWK(pair.publicKey));
  const kid = await calculateJwkThumbprint(bare);
  return { kid, privateJwk, publicJwk: { ...bare, kid, alg: ALGORITHM, use: "sig" } };
}

/** The value of the deployment's `KLIPSTREAM_JWT_JWKS`: a JWKS as a `data:` URI, so that no server has to serve it. */
export function jwksDataUri(publicJwks: readonly SigningKey["publicJwk"][]): string {
  const json = JSON.stringify({ keys: publicJwks });
  return `data:application/json;base64,${Buffer.from(json).toString("base64")}`;
}

/** Writes a service-account key: one printable string, the value of `CONVEX_API_KEY`. It is a secret. */
export function createServiceAccountKey({
  signingKey,
  ...account
}: Omit<ServiceAccount, "kid" | "privateJwk"> & {
  signingKey: Pick<SigningKey, "kid" | "privateJwk">;
}): string {
  const { kid, privateJwk } = signingKey;
  const content = serviceAccountSchema.parse({ version: 1, ...account, kid, privateJwk });
  return SERVICE_ACCOUNT_KEY_PREFIX + Buffer.from(JSON.stringify(content)).toString("base64url");
}

/** Whether a text looks like a service-account key; {@link parseServiceAccountKey} says whether it is one. */
export function isServiceAccountKey(text: string): boolean {
  return text.startsWith(SERVICE_ACCOUNT_KEY_PREFIX);
}

/**
 * Reads a service-account key.
 *
 * @param text - The key as `createServiceAccountKey` wrote it.
 * @param option - Where the text came from, for the error.
 * @throws ConfigurationError when the text is no such key. The message never repeats it.
 */
export function parseServiceAccountKey(text: string, option = "apiKey"): ServiceAccount {
  const encoded = text.slice(SERVICE_ACCOUNT_KEY_PREFIX.length);
  const parsed = serviceAccountSchema.safeParse(
    isServiceAccountKey(text) ? decodeJson(encoded) : undefined,
  );
  if (!parsed.success)
    throw new ConfigurationError(
      option,
      "is not a whole service-account key; copy it again, or make one with `klipstream token create-key`",
    );
  const { version: _version, ...account } = parsed.data;
  return account;
}

/**
 * Mints a token.
 *
 * @param account - What `parseServiceAccountKey` read.
 * @param options.now - Milliseconds since 1970.
 * @param options.lifetimeSeconds - How long the token is valid. Default: 600.
 * @returns An ES256 JWT.
 * @throws ConfigurationError when the key has expired.
 */
export async function mintToken(
  account: ServiceAccount,
  options: { now: number; lifetimeSeconds?: number },
): Promise<string> {
  const { expiresAt } = account;
  if (expiresAt !== undefined && options.now >= expiresAt)
    throw new ConfigurationError(
      "apiKey",
      `this service-account key expired on ${new Date(expiresAt).toISOString()}; make a new one with \`klipstream token create-key\``,
    );
  const now = Math.floor(options.now / 1000);
  const lifetimeSeconds = options.lifetimeSeconds ?? TOKEN_LIFETIME_SECONDS;
  const key = await importJWK(account.privateJwk, ALGORITHM);
  return new SignJWT({ scope: account.scope, gen: account.generation })
    .setProtectedHeader({ alg: ALGORITHM, kid: account.kid, typ: "JWT" })
    .setSubject(account.subject)
    .setIssuer(account.issuer)
    .setAudience(TOKEN_AUDIENCE)
    .setIssuedAt(now - ISSUED_IN_PAST_SECONDS)
    .setExpirationTime(now + lifetimeSeconds)
    .sign(key);
}

function decodeJson(encoded: string): unknown {
  try {
    return JSON.parse(Buffer.from(encoded, "base64url").toString("utf8"));
  } catch {
    // Not JSON: the caller reports it as what it is, no key.
    return undefined;
  }
}
