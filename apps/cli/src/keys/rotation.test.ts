import { createSigningKey } from "@klipstream/client/keys";
import { describe, expect, test } from "vitest";

import { jwksOf, type Keyring, type KeyringKey, toKeyringKey } from "./keyring.ts";
import { planPublish, planRetire, planSign } from "./rotation.ts";

const NOW = Date.UTC(2026, 10, 23);

const [old, made] = (await Promise.all(
  [0, 1].map(async (createdAt) =>
    toKeyringKey(await createSigningKey(), { role: "next", createdAt }),
  ),
)) as [KeyringKey, KeyringKey];

function keyringWith(keys: Keyring["keys"], accounts: Keyring["accounts"] = []): Keyring {
  return { version: 1, issuer: "https://klipstream.example", keys, accounts };
}

const account = (kid: string, expiresAt: number | null = null) => ({
  subject: "raw-pipeline",
  generation: 0,
  scope: "videos:write",
  kid,
  expiresAt,
});

const atRest = keyringWith([{ ...old, role: "current" }]);
const published = keyringWith([
  { ...old, role: "current" },
  { ...made, role: "next" },
]);
const signing = keyringWith([
  { ...old, role: "previous" },
  { ...made, role: "current" },
]);
const accept = () => Promise.resolve(true);

test("the steps lead from one key at rest to the next one at rest", async () => {
  const first = planPublish(atRest, made);
  expect(first).toEqual(published);
  const second = await planSign(first, accept);
  expect(second).toEqual(signing);
  expect(planRetire(second, NOW)).toEqual(keyringWith([{ ...made, role: "current" }]));
});

describe("an unsafe order is refused:", () => {
  test("signing without a next key", async () => {
    await expect(planSign(atRest, accept)).rejects.toThrow(/no next key/);
    await expect(planSign(signing, accept)).rejects.toThrow(/no next key/);
  });

  test("signing with a key that the deployment does not accept yet", async () => {
    await expect(planSign(published, () => Promise.resolve(false))).rejects.toThrow(
      /does not accept the next key yet/,
    );
  });

  test("retiring a key before another signs", () => {
    expect(() => planRetire(atRest, NOW)).toThrow(/no previous key/);
    expect(() => planRetire(published, NOW)).toThrow(/no previous key/);
  });

  test("retiring a key that a service account still holds", () => {
    const held = { ...signing, accounts: [account(old.kid)] };
    expect(() => planRetire(held, NOW)).toThrow(/still hold.*raw-pipeline/);
    expect(planRetire({ ...signing, accounts: [account(made.kid)] }, NOW).keys).toHaveLength(1);
    expect(planRetire({ ...signing, accounts: [account(old.kid, NOW)] }, NOW).keys).toHaveLength(1);
  });

  test("beginning a rotation before the last one is done", () => {
    expect(() => planPublish(signing, made)).toThrow(/not done/);
  });
});

test("publishing again changes nothing: a line that was lost can be printed again", () => {
  expect(planPublish(published, old)).toBe(published);
});

test("what is published holds no private key", () => {
  const [, encoded = ""] = jwksOf(published.keys).split("base64,");
  const jwks = JSON.parse(Buffer.from(encoded, "base64").toString("utf8")) as { keys: object[] };
  expect(jwks.keys).toHaveLength(2);
  for (const key of jwks.keys)
    expect(Object.keys(key).sort()).toEqual(["alg", "crv", "kid", "kty", "use", "x", "y"]);
});
