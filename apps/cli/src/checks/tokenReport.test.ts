import { createServiceAccountKey, readServiceAccountKey } from "@klipstream/client/keys";
import { describe, expect, test } from "vitest";

import { reportOnCredential } from "./tokenReport.ts";

const NOW = Date.UTC(2026, 10, 23);
const SECOND = 1000;

const forge = (header: object, claims: object) =>
  [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".") + ".c2ln";
const goodHeader = { alg: "RS256", kid: "k", typ: "JWT" };
const goodClaims = {
  iss: "https://klipstream.example",
  sub: "raw-pipeline",
  aud: "klipstream",
  key: "0123456789ab",
  iat: NOW / SECOND,
  exp: NOW / SECOND + 600,
};
const problemsOf = (credential: string) =>
  reportOnCredential(credential, NOW).problems.map(({ message }) => message);

test("a good key and a good token are explained, without problems", () => {
  const key = createServiceAccountKey("raw-pipeline");
  expect(reportOnCredential(key, NOW)).toEqual({
    kind: "service-account key",
    account: "raw-pipeline",
    keyId: readServiceAccountKey(key)?.keyId,
    expiresAt: null,
    problems: [],
  });
  expect(reportOnCredential(forge(goodHeader, goodClaims), NOW)).toEqual({
    kind: "token",
    account: "raw-pipeline",
    keyId: "0123456789ab",
    expiresAt: NOW + 600 * SECOND,
    problems: [],
  });
});

describe("a problem is named:", () => {
  const claims = (changed: object) => forge(goodHeader, { ...goodClaims, ...changed });
  test.each([
    ["an expired token", claims({ exp: NOW / SECOND - 7200 }), /expired 2 h ago/],
    ["one from the future", claims({ iat: NOW / SECOND + 600 }), /valid only in 10 min/],
    ["not yet valid", claims({ nbf: NOW / SECOND + 600 }), /valid only in 10 min/],
    ["another algorithm", forge({ ...goodHeader, alg: "HS256" }, goodClaims), /algorithm is HS256/],
    ["no key id", forge({ alg: "RS256" }, goodClaims), /header names no key/],
    ["another audience", claims({ aud: "other" }), /audience is other/],
    ["no audience", claims({ aud: undefined }), /audience is missing/],
    ["no key", claims({ key: undefined }), /neither a key nor a workload/],
    ["a deploy key", "prod:happy-animal-123|ey2secret", /deploy key/],
    ["a cut key", createServiceAccountKey("raw").slice(0, -1), /not whole/],
    ["anything else", "banana", /neither/],
  ])("%s", (_what, credential, problem) => {
    expect(problemsOf(credential)).toEqual([expect.stringMatching(problem)]);
  });
});

test("a report never repeats the secret", () => {
  const secrets = [
    createServiceAccountKey("raw"),
    forge(goodHeader, { ...goodClaims, exp: 1 }),
    "prod:happy-animal-123|eyJ2c2VjcmV0",
    "klip_raw_c2VjcmV0c2VjcmV0",
  ];
  for (const secret of secrets) {
    const report = JSON.stringify(reportOnCredential(secret, NOW));
    expect(report).not.toContain(secret);
    expect(report).not.toContain(secret.slice(-12));
  }
});
