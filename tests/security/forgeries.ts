import { createHmac } from "node:crypto";

import {
  createServiceAccountKey,
  readServiceAccountKey,
  type SigningKey,
} from "@klipstream/client/keys";
import { importPKCS8, type JWTPayload, SignJWT } from "jose";

export const ISSUER = "https://security.klipstream.invalid";
export const SCOPES = "videos:read videos:write";

/** The service accounts of the target, each with a key of its own. */
export const ACCOUNTS = {
  pipeline: createServiceAccountKey("pipeline"),
  reader: createServiceAccountKey("reader"),
  disabled: createServiceAccountKey("disabled"),
} as const;

export function keyIdOf(key: string): string {
  const { keyId } = readServiceAccountKey(key) ?? {};
  if (keyId === undefined) throw new Error("not a key");
  return keyId;
}

/** How a credential is refused: before any function runs, or by the function's own check. */
export type Refusal =
  | { by: "backend"; httpStatus: 401; code: string; message: RegExp }
  | { by: "function"; code: "UNAUTHENTICATED" | "FORBIDDEN"; message: RegExp };

export type Forgery = {
  what: string;
  /** The bearer token, or null for a caller without one. */
  token: string | null;
  refusal: Refusal;
  /** Only writes are refused: the token may read. */
  mayRead?: true;
};

type Signing = { key: SigningKey; now: number };

const seconds = (ms: number) => Math.floor(ms / 1000);

function claimsAt(now: number): JWTPayload {
  return {
    iss: ISSUER,
    aud: "klipstream",
    sub: "pipeline",
    key: keyIdOf(ACCOUNTS.pipeline),
    iat: seconds(now) - 30,
    exp: seconds(now) + 600,
  };
}

/** A token with some claims replaced; undefined takes one away. */
export async function sign(
  { key, now }: Signing,
  claims: JWTPayload = {},
  header: { kid?: string | undefined } = { kid: key.kid },
): Promise<string> {
  const payload = JSON.parse(JSON.stringify({ ...claimsAt(now), ...claims })) as JWTPayload;
  return new SignJWT(payload)
    .setProtectedHeader({ alg: "RS256", typ: "JWT", ...header })
    .sign(await privateKeyOf(key));
}

function privateKeyOf({ privateVariable }: SigningKey) {
  const { pkcs8 } = JSON.parse(privateVariable) as { pkcs8: string };
  return importPKCS8(`-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----`, "RS256");
}

const unverified = (message: RegExp): Refusal => ({
  by: "backend",
  httpStatus: 401,
  code: "InvalidAuthHeader",
  message,
});
const unknownIssuer: Refusal = {
  by: "backend",
  httpStatus: 401,
  code: "NoAuthProvider",
  message: /No auth provider found/,
};
const forbidden = (message: RegExp): Refusal => ({ by: "function", code: "FORBIDDEN", message });

/** Claims that only a holder of the deployment's key could sign, and that must open nothing all the same. */
const MALFORMED: readonly [what: string, claims: Record<string, unknown>][] = [
  ["an empty subject", { sub: "" }],
  ["an unknown subject", { sub: "nobody" }],
  ["the subject __proto__", { sub: "__proto__" }],
  ["the subject constructor", { sub: "constructor" }],
  ["the subject toString", { sub: "toString" }],
  ["the subject anonymous", { sub: "anonymous" }],
  ["no key", { key: undefined }],
  ["a key of null", { key: null }],
  ["a negative key", { key: -1 }],
  ["a key that is a number", { key: 1 }],
  ["an empty key", { key: "" }],
  ["the key __proto__", { key: "__proto__" }],
  ["an unknown key", { key: "0123456789ab" }],
  ["a key in a list", { key: [keyIdOf(ACCOUNTS.pipeline)] }],
  ["a key in an object", { key: { id: keyIdOf(ACCOUNTS.pipeline) } }],
  ["the key of another account", { key: keyIdOf(ACCOUNTS.reader) }],
  ["a scope and no key", { key: undefined, scope: SCOPES }],
  ["a generation and no key", { key: undefined, gen: 1 }],
  ["a workload that is bound to nothing", { key: undefined, workload: "w" }],
  ["a workload that is no text", { key: undefined, workload: null }],
];

/** Every credential that must not work. */
export async function forge(signing: Signing, foreign: SigningKey): Promise<Forgery[]> {
  const { key, now } = signing;
  const made = (claims?: JWTPayload, header?: { kid?: string | undefined }) =>
    sign(signing, claims, header);
  return [
    {
      what: "no token",
      token: null,
      refusal: { by: "function", code: "UNAUTHENTICATED", message: /Send a token/ },
    },
    {
      what: "an expired token",
      token: await made({ exp: seconds(now) - 60 }),
      refusal: unverified(/expired/),
    },
    {
      what: "a token without an expiry",
      token: await made({ exp: undefined as never }),
      refusal: unverified(/"exp"/),
    },
    {
      what: "a token that is not valid yet",
      token: await made({ nbf: seconds(now) + 600 }),
      refusal: unverified(/will be valid in/),
    },
    {
      what: "a token from the future",
      token: await made({ iat: seconds(now) + 600 }),
      refusal: unverified(/will be valid in/),
    },
    {
      what: "another issuer",
      token: await made({ iss: "https://evil.example" }),
      refusal: unknownIssuer,
    },
    { what: "another audience", token: await made({ aud: "other" }), refusal: unknownIssuer },
    { what: "no audience", token: await made({ aud: undefined as never }), refusal: unknownIssuer },
    {
      what: "an unknown key id",
      token: await made({}, { kid: "unknown" }),
      refusal: unverified(/no key of the provider/),
    },
    { what: "no key id", token: await made({}, {}), refusal: unverified(/missing a .kid/) },
    {
      what: "the algorithm none",
      token: withoutSignature(key, now),
      refusal: unverified(/"alg"/),
    },
    {
      what: "HS256, signed with the public key",
      token: signedWithPublicKey(key, now),
      refusal: unverified(/"alg"/),
    },
    {
      what: "a tampered payload",
      token: tampered(await made({ sub: "reader" })),
      refusal: unverified(/signature/),
    },
    {
      what: "a foreign key under a known key id",
      token: await sign({ key: foreign, now }, {}, { kid: key.kid }),
      refusal: unverified(/signature/),
    },
    {
      what: "no subject",
      token: await made({ sub: undefined as never }),
      refusal: unverified(/"sub"/),
    },
    {
      what: "the scope to read, on a write",
      token: await made({ sub: "reader", key: keyIdOf(ACCOUNTS.reader) }),
      refusal: forbidden(/lacks the scope "videos:write"/),
      mayRead: true,
    },
    {
      what: "the scope to read, whatever scope the token claims",
      token: await made({ sub: "reader", key: keyIdOf(ACCOUNTS.reader), scope: SCOPES }),
      refusal: forbidden(/lacks the scope "videos:write"/),
      mayRead: true,
    },
    {
      what: "a disabled account",
      token: await made({ sub: "disabled", key: keyIdOf(ACCOUNTS.disabled) }),
      refusal: forbidden(/is disabled/),
    },
    ...(await Promise.all(
      MALFORMED.map(async ([what, claims]) => ({
        what: `claims of the deployment's own key that are malformed: ${what}`,
        token: await made(claims as JWTPayload),
        refusal: forbidden(/withdrawn/),
      })),
    )),
    {
      what: "a service-account key as a token",
      token: ACCOUNTS.pipeline,
      refusal: unverified(/Could not parse/),
    },
    {
      what: "a deploy key as a token",
      token: "prod:happy-animal-123|eyJ2MiI6IjAifQ==",
      refusal: unverified(/Could not parse/),
    },
  ];
}

function compact(header: object, claims: object): string {
  return [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
}

function withoutSignature({ kid }: SigningKey, now: number): string {
  return `${compact({ alg: "none", typ: "JWT", kid }, claimsAt(now))}.`;
}

/** The classic confusion: a verifier that trusts `alg` would take the public key for a shared secret. */
function signedWithPublicKey({ kid, publicJwk }: SigningKey, now: number): string {
  const unsigned = compact({ alg: "HS256", typ: "JWT", kid }, claimsAt(now));
  const secret = JSON.stringify(publicJwk);
  return `${unsigned}.${createHmac("sha256", secret).update(unsigned).digest("base64url")}`;
}

/** The right signature over other claims. */
function tampered(token: string): string {
  const [header = "", payload = "", signature = ""] = token.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as object;
  const changed = Buffer.from(JSON.stringify({ ...claims, sub: "pipeline" })).toString("base64url");
  return `${header}.${changed}.${signature}`;
}
