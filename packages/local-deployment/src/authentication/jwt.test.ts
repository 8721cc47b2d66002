import { createServer } from "node:http";
import { once } from "node:events";

import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type CryptoKey, type JWK } from "jose";
import { beforeAll, describe, expect, it } from "vitest";

import type { AuthProvider } from "../push/authProviders.ts";
import { RequestError } from "../requestError.ts";
import { TokenVerifier } from "./jwt.ts";

const ISSUER = "https://issuer.test";
const verifier = new TokenVerifier();
let key: CryptoKey;
let jwk: JWK;
let provider: Extract<AuthProvider, { type: "customJwt" }>;

beforeAll(async () => {
  const pair = await generateKeyPair("ES256", { extractable: true });
  key = pair.privateKey;
  jwk = { ...(await exportJWK(pair.publicKey)), kid: "k1" };
  provider = {
    type: "customJwt",
    applicationID: "app",
    issuer: ISSUER,
    jwks: dataUri(jwk),
    algorithm: "ES256",
  };
});

const dataUri = (...keys: JWK[]) => `data:,${encodeURIComponent(JSON.stringify({ keys }))}`;
const now = () => Math.floor(Date.now() / 1000);

type Claims = Record<string, unknown>;
function sign(
  claims: Claims = {},
  { header = {}, by = key }: { header?: object; by?: CryptoKey } = {},
) {
  const all: Claims = { iss: ISSUER, sub: "s", aud: "app", iat: now(), exp: now() + 60, ...claims };
  const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return new SignJWT(given).setProtectedHeader({ alg: "ES256", kid: "k1", ...header }).sign(by);
}

async function refusalOf(token: string, providers: AuthProvider[]): Promise<RequestError> {
  const error: unknown = await verifier.verify(token, providers).catch((reason: unknown) => reason);
  if (!(error instanceof RequestError)) throw new Error("The token was accepted.");
  expect(error.status).toBe(401);
  return error;
}
async function refusal(token: string, providers: AuthProvider[] = [provider]): Promise<string> {
  return (await refusalOf(token, providers)).code;
}

describe("a token is refused", () => {
  const cases: [string, () => Promise<string> | string, string][] = [
    ["that is no JWT", () => "a.b.c", "InvalidAuthHeader"],
    ["without an issuer", () => sign({ iss: undefined }), "InvalidAuthHeader"],
    ["of another issuer", () => sign({ iss: "https://other.test" }), "NoAuthProvider"],
    ["for another audience", () => sign({ aud: "other" }), "NoAuthProvider"],
    ["that has expired", () => sign({ exp: now() - 10 }), "InvalidAuthHeader"],
    ["without an expiry", () => sign({ exp: undefined }), "InvalidAuthHeader"],
    ["that is not valid yet", () => sign({ nbf: now() + 60 }), "InvalidAuthHeader"],
    ["issued in the future", () => sign({ iat: now() + 60 }), "InvalidAuthHeader"],
    ["without a subject", () => sign({ sub: undefined }), "InvalidAuthHeader"],
    ["without a key id", () => sign({}, { header: { kid: undefined } }), "InvalidAuthHeader"],
    ["with an unknown key id", () => sign({}, { header: { kid: "k2" } }), "InvalidAuthHeader"],
    [
      "that is not signed",
      () =>
        new UnsecuredJWT({ sub: "s" })
          .setIssuer(ISSUER)
          .setAudience("app")
          .setExpirationTime("1m")
          .encode(),
      "InvalidAuthHeader",
    ],
    [
      "whose payload was changed",
      async () => {
        const [header, , signature] = (await sign()).split(".");
        const payload = Buffer.from(
          JSON.stringify({ iss: ISSUER, sub: "other", aud: "app", exp: now() + 60 }),
        ).toString("base64url");
        return `${header ?? ""}.${payload}.${signature ?? ""}`;
      },
      "InvalidAuthHeader",
    ],
    [
      "signed by a foreign key",
      async () => sign({}, { by: (await generateKeyPair("ES256")).privateKey }),
      "InvalidAuthHeader",
    ],
    [
      "signed with HS256 by the public key",
      () =>
        new SignJWT({ iss: ISSUER, sub: "s", aud: "app", exp: now() + 60 })
          .setProtectedHeader({ alg: "HS256", kid: "k1" })
          .sign(new TextEncoder().encode(JSON.stringify(jwk))),
      "InvalidAuthHeader",
    ],
  ];
  it.each(cases)("%s", async (_name, token, code) => {
    expect(await refusal(await token())).toBe(code);
  });
});

describe("the reason names", () => {
  const oidc: AuthProvider = { applicationID: "web", domain: "https://login.test" };
  const withKeys = (jwks: string): AuthProvider => ({ ...provider, jwks });
  type Case = { what: string; token: () => Promise<string> | string; reason: RegExp };
  const cases: Case[] = [
    {
      what: "the parts that a JWT has",
      token: () => "not.a.jwt",
      reason: /JWT.*three base64-encoded parts/,
    },
    {
      what: "the key id that is missing",
      token: () => sign({}, { header: { kid: undefined } }),
      reason: /missing a 'kid'/,
    },
    {
      what: "the key id that is unknown",
      token: () => sign({}, { header: { kid: "old key" } }),
      reason: /Could not decode token.*'kid'.*old key/,
    },
    {
      what: "since when it has expired",
      token: () => sign({ exp: now() - 30 }),
      reason: /Token expired 3\d seconds ago/,
    },
    {
      what: "when it will be valid",
      token: () => sign({ nbf: now() + 600 }),
      reason: /will be valid in (600|59\d) seconds/,
    },
    {
      what: "when it will have been issued",
      token: () => sign({ iat: now() + 600 }),
      reason: /will be valid in (600|59\d) seconds/,
    },
  ];
  it.each(cases)("$what", async ({ token, reason }) => {
    expect((await refusalOf(await token(), [provider])).message).toMatch(reason);
  });

  it("the providers that there are", async () => {
    const providers = [oidc, { ...provider, applicationID: null }];
    const { message } = await refusalOf(await sign({ iss: "https://other.test" }), providers);
    expect(message).toContain("https://other.test");
    expect(message).toContain(
      "configured providers are [OIDC(domain=https://login.test, app_id=web), CustomJWT(issuer=https://issuer.test, app_id=none)]",
    );
  });

  it.each([
    ["is no JSON", "data:,nothing", /not valid JSON/],
    ["has no keys", "data:,{}", /keys/],
  ])("the provider whose key set %s", async (_what, jwks, reason) => {
    const { message } = await refusalOf(await sign(), [withKeys(jwks)]);
    expect(message).toContain("Invalid JWKS response body of the provider https://issuer.test");
    expect(message).toMatch(reason);
  });
});

it("5 seconds of a slow clock are forgiven", async () => {
  await expect(verifier.verify(await sign({ exp: now() - 2 }), [provider])).resolves.toBeDefined();
});

it("the issuer matches without its scheme and with a trailing slash", async () => {
  const loose = { ...provider, issuer: "issuer.test/" };
  await expect(verifier.verify(await sign(), [loose])).resolves.toBeDefined();
});

it("a provider without an application takes any audience", async () => {
  const any = { ...provider, applicationID: null };
  await expect(verifier.verify(await sign({ aud: undefined }), [any])).resolves.toBeDefined();
});

it("functions see the claims that are not registered, nested ones flattened", async () => {
  const token = await sign({
    scope: "a b",
    gen: 3,
    email_verified: true,
    org: { id: "o", plan: { name: "p" } },
    jti: "x",
  });
  const { identity } = await verifier.verify(token, [provider]);
  expect(identity).toEqual({
    issuer: ISSUER,
    subject: "s",
    tokenIdentifier: `${ISSUER}|s`,
    scope: "a b",
    gen: 3,
    email_verified: true,
    "org.id": "o",
    "org.plan.name": "p",
  });
});

it("keys are fetched from a URL, which must answer with JSON", async () => {
  let type = "application/json";
  const server = createServer((_request, response) => {
    response.setHeader("content-type", type).end(JSON.stringify({ keys: [jwk] }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  try {
    const jwks = `http://127.0.0.1:${port}/jwks`;
    await expect(verifier.verify(await sign(), [{ ...provider, jwks }])).resolves.toBeDefined();
    type = "text/html";
    expect(await refusal(await sign(), [{ ...provider, jwks: `${jwks}?html` }])).toBe(
      "InvalidAuthHeader",
    );
  } finally {
    server.close();
  }
});
