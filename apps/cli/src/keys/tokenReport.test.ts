import { createServiceAccountKey, createSigningKey, mintToken } from "@klipstream/client/keys";
import { describe, expect, test } from "vitest";

import { reportOnCredential } from "./tokenReport.ts";

const NOW = Date.UTC(2026, 10, 23);
const HOUR = 3_600_000;

const signingKey = await createSigningKey();
const account = {
  subject: "raw-pipeline",
  scope: "videos:read videos:write",
  generation: 2,
  issuer: "https://klipstream.example",
};
const mint = (now: number) =>
  mintToken({ ...account, kid: signingKey.kid, privateJwk: signingKey.privateJwk }, { now });

const forge = (header: object, claims: object) =>
  [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".") + ".c2ln";
const goodHeader = { alg: "ES256", kid: "k", typ: "JWT" };
const goodClaims = {
  iss: "https://klipstream.example",
  sub: "raw",
  aud: "klipstream",
  scope: "videos:write",
  gen: 0,
  iat: NOW / 1000 - 30,
  exp: NOW / 1000 + 600,
};
const problemsOf = (credential: string) =>
  reportOnCredential(credential, NOW).problems.map(({ message }) => message);

test("a good key and a good token are explained, without problems", async () => {
  const key = createServiceAccountKey({ ...account, signingKey, expiresAt: NOW + HOUR });
  expect(reportOnCredential(key, NOW)).toMatchObject({
    kind: "service-account key",
    ...account,
    audience: "klipstream",
    kid: signingKey.kid,
    expiresAt: NOW + HOUR,
    problems: [],
  });
  expect(reportOnCredential(await mint(NOW), NOW)).toMatchObject({
    kind: "token",
    ...account,
    audience: "klipstream",
    algorithm: "ES256",
    kid: signingKey.kid,
    problems: [],
  });
  expect(problemsOf(forge(goodHeader, goodClaims))).toEqual([]);
});

describe("a problem is named:", () => {
  test.each([
    [
      "an expired token",
      forge(goodHeader, { ...goodClaims, exp: NOW / 1000 - 7200 }),
      /expired 2 h ago/,
    ],
    [
      "one from the future",
      forge(goodHeader, { ...goodClaims, iat: NOW / 1000 + 600 }),
      /valid only in 10 min/,
    ],
    [
      "not yet valid",
      forge(goodHeader, { ...goodClaims, nbf: NOW / 1000 + 600 }),
      /valid only in 10 min/,
    ],
    ["another algorithm", forge({ ...goodHeader, alg: "HS256" }, goodClaims), /algorithm is HS256/],
    ["no key id", forge({ alg: "ES256" }, goodClaims), /names no key/],
    ["another audience", forge(goodHeader, { ...goodClaims, aud: "other" }), /audience is other/],
    ["no scope", forge(goodHeader, { ...goodClaims, scope: undefined }), /has no scope/],
    ["a foreign scope", forge(goodHeader, { ...goodClaims, scope: "openid" }), /scope \(openid\)/],
    ["no generation", forge(goodHeader, { ...goodClaims, gen: undefined }), /no generation/],
    ["a deploy key", "prod:happy-animal-123|ey2secret", /deploy key/],
    ["a cut key", "klipstream_sa_eyJ2", /not whole/],
    ["anything else", "banana", /neither/],
  ])("%s", (_what, credential, problem) => {
    expect(problemsOf(credential)).toEqual([expect.stringMatching(problem)]);
  });

  test("an expired service-account key", () => {
    const key = createServiceAccountKey({ ...account, signingKey, expiresAt: NOW - 24 * HOUR });
    expect(problemsOf(key)).toEqual([expect.stringMatching(/expired 1 d ago/)]);
  });
});

test("a report never repeats the secret", async () => {
  const secrets = [
    createServiceAccountKey({ ...account, signingKey }),
    await mint(NOW - HOUR),
    "prod:happy-animal-123|eyJ2c2VjcmV0",
    "klipstream_sa_eyJ2c2VjcmV0",
  ];
  for (const secret of secrets) {
    const report = JSON.stringify(reportOnCredential(secret, NOW));
    expect(report).not.toContain(secret);
    expect(report).not.toContain(signingKey.privateJwk.d);
    expect(report).not.toContain(secret.slice(-12));
  }
});
