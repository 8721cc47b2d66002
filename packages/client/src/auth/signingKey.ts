import { calculateJwkThumbprint, exportJWK, exportPKCS8, generateKeyPair } from "jose";
import { z } from "zod";

/** What the backend's auth.config.ts names. */
const ALGORITHM = "RS256";

const publicJwkSchema = z.object({
  kty: z.literal("RSA"),
  n: z.string(),
  e: z.string(),
  kid: z.string(),
  alg: z.literal(ALGORITHM),
  use: z.literal("sig"),
});

/** The public half of a signing key. */
export type PublicJwk = z.infer<typeof publicJwkSchema>;

/** A key pair with which a deployment signs its tokens. */
export type SigningKey = {
  /** Its thumbprint (RFC 7638): what tokens and the JWKS call it. */
  kid: string;
  publicJwk: PublicJwk;
  /** The value of the deployment's `KLIPSTREAM_JWT_PRIVATE_KEY`. It is a secret. */
  privateVariable: string;
};

/** Makes a new key pair. */
export async function createSigningKey(): Promise<SigningKey> {
  const pair = await generateKeyPair(ALGORITHM, { extractable: true });
  const { n, e } = await exportJWK(pair.publicKey);
  const kid = await calculateJwkThumbprint({ kty: "RSA", n: n ?? "", e: e ?? "" });
  const pkcs8 = (await exportPKCS8(pair.privateKey)).replace(/-----[^-]+-----|\s/g, "");
  return {
    kid,
    publicJwk: publicJwkSchema.parse({ kty: "RSA", n, e, kid, alg: ALGORITHM, use: "sig" }),
    privateVariable: JSON.stringify({ kid, pkcs8 }),
  };
}

/** The value of the deployment's `KLIPSTREAM_JWT_JWKS`: a JWKS as a `data:` URI, so that no server has to serve it. */
export function jwksDataUri(publicJwks: readonly PublicJwk[]): string {
  const json = JSON.stringify({ keys: publicJwks });
  return `data:application/json;base64,${Buffer.from(json).toString("base64")}`;
}

/** The public keys in the value of `KLIPSTREAM_JWT_JWKS`; none where it holds something else. */
export function readJwksDataUri(value: string): PublicJwk[] {
  const [, content = ""] = /^data:application\/json;base64,(.*)$/.exec(value) ?? [];
  const parsed = z
    .object({ keys: z.array(publicJwkSchema) })
    .safeParse(parseJson(Buffer.from(content, "base64").toString()));
  return parsed.data?.keys ?? [];
}

/** The variables of a deployment that signs with this key. */
export function signingVariables(key: SigningKey, issuer: string) {
  return {
    KLIPSTREAM_JWT_ISSUER: issuer,
    KLIPSTREAM_JWT_JWKS: jwksDataUri([key.publicJwk]),
    KLIPSTREAM_JWT_PRIVATE_KEY: key.privateVariable,
  };
}

/** The name of the key in the value of `KLIPSTREAM_JWT_PRIVATE_KEY`, or null. */
export function kidOfPrivateVariable(value: string): string | null {
  return z.object({ kid: z.string() }).safeParse(parseJson(value)).data?.kid ?? null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Something else stands there: the callers take it for no key.
    return undefined;
  }
}
