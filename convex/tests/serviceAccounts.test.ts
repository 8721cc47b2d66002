import { exportJWK, exportPKCS8, generateKeyPair, jwtVerify } from "jose";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";

import { api, internal } from "../_generated/api";
import { KEY_REFUSED } from "../model/accessTokens";
import { AUDIT_KEPT_FOR_MS } from "../model/audit";
import { hashKey } from "../model/serviceKeys";
import { TOKEN_LIFETIME_MS } from "../model/signing";
import { type Backend, startBackend } from "./testing.setup";

const NOW = Date.UTC(2026, 0, 1, 10, 30);
const HOUR_MS = 3_600_000;
const ISSUER = "https://issuer.test";
const KEY = "klip_raw_secret_check";
const by = "ada@laptop";
const account = "raw";

let signing: { variable: string; publicKey: CryptoKey; pkcs8: string };
beforeAll(async () => {
  const pair = await generateKeyPair("RS256", { extractable: true });
  const pem = await exportPKCS8(pair.privateKey);
  const pkcs8 = pem.replace(/-----[^-]+-----|\s/g, "");
  const variable = JSON.stringify({ kid: "k1", pkcs8 });
  signing = { variable, publicKey: pair.publicKey, pkcs8 };
  expect((await exportJWK(pair.publicKey)).kty).toBe("RSA");
});
beforeEach(() => {
  vi.useFakeTimers({ now: NOW, toFake: ["Date"] });
  vi.stubEnv("KLIPSTREAM_JWT_ISSUER", ISSUER);
  vi.stubEnv("KLIPSTREAM_JWT_PRIVATE_KEY", signing.variable);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

async function startWithKey(expiresAt?: number) {
  const { t } = startBackend();
  const scopes = ["videos:write" as const];
  await t.mutation(internal.serviceAccounts.create, { account, scopes, by });
  const hash = await hashKey(KEY);
  const { keyId } = await t.mutation(internal.serviceKeys.create, {
    ...{ account, hash, by },
    ...(expiresAt === undefined ? {} : { expiresAt }),
  });
  return { t, keyId, exchange: () => t.action(api.accessTokens.exchange, { key: KEY }) };
}

const INVALID = { data: { code: "INVALID_ARGUMENT" } };
const REFUSED = { data: { code: "UNAUTHENTICATED", message: KEY_REFUSED } };

describe("an exchange", () => {
  test("answers a token of ten minutes for the account and its key, with no claim of a scope", async () => {
    const { keyId, exchange } = await startWithKey();
    const { token, ...answer } = await exchange();
    expect(answer).toEqual({
      expiresAt: NOW + TOKEN_LIFETIME_MS,
      lifetimeMs: TOKEN_LIFETIME_MS,
      subject: account,
      scopes: ["videos:write"],
      keyExpiresAt: null,
    });
    const { payload, protectedHeader } = await jwtVerify(token, signing.publicKey);
    expect(protectedHeader).toEqual({ alg: "RS256", kid: "k1", typ: "JWT" });
    expect(payload).toEqual({
      ...{ iss: ISSUER, aud: "klipstream", sub: account, key: keyId },
      ...{ iat: NOW / 1000, exp: NOW / 1000 + 600, jti: expect.any(String) as string },
    });
  });

  test("says the scopes as they stand now", async () => {
    const { t, exchange } = await startWithKey();
    await t.mutation(internal.serviceAccounts.setScopes, { account, scopes: ["videos:read"], by });
    expect(await exchange()).toMatchObject({ scopes: ["videos:read"] });
  });

  test("gives no token that outlives its key", async () => {
    const { exchange } = await startWithKey(NOW + 60_000);
    expect(await exchange()).toMatchObject({ expiresAt: NOW + 60_000, keyExpiresAt: NOW + 60_000 });
  });

  test.each<[string, (t: Backend, keyId: string) => Promise<unknown>]>([
    ["an expired key", () => Promise.resolve(vi.setSystemTime(NOW + 60_000))],
    ["a revoked key", (t, keyId) => t.mutation(internal.serviceKeys.revoke, { keyId, by })],
    [
      "a key of a disabled account",
      (t) => t.mutation(internal.serviceAccounts.setDisabled, { account, disabled: true, by }),
    ],
  ])("refuses %s as it refuses an unknown one", async (_what, spoil) => {
    const { t, keyId, exchange } = await startWithKey(NOW + 60_000);
    await expect(exchange()).resolves.toBeDefined();
    await spoil(t, keyId);
    const refusal: unknown = await exchange().catch((error: unknown) => error);
    expect(refusal).toMatchObject(REFUSED);
    const unknown: unknown = await t
      .action(api.accessTokens.exchange, { key: "klip_raw_other_check" })
      .catch((error: unknown) => error);
    expect((refusal as { data: unknown }).data).toEqual((unknown as { data: unknown }).data);
  });

  test("takes as many steps for an unknown key as for an expired one", async () => {
    const { t } = await startWithKey(NOW - 1);
    const stepsFor = (hash: string) =>
      t.query(async (ctx) => {
        const found = await ctx.runQuery(internal.accessTokens.entitlementOfKey, {
          ...{ hash, now: NOW },
        });
        expect(found).toBeNull();
        return (await ctx.meta.getTransactionMetrics()).databaseQueries.used;
      });
    expect(await stepsFor("0".repeat(64))).toBe(await stepsFor(await hashKey(KEY)));
  });

  test("notes the hour of the key's last use, and writes once an hour", async () => {
    const { t, exchange } = await startWithKey();
    const lastUse = async () =>
      (await t.query(internal.serviceAccounts.show, { account }))?.keys[0]?.lastUsedAt;
    expect(await lastUse()).toBeUndefined();
    await exchange();
    const hour = Date.UTC(2026, 0, 1, 10);
    expect(await lastUse()).toBe(hour);
    const hash = await hashKey(KEY);
    const entitled = (now: number) =>
      t.query(internal.accessTokens.entitlementOfKey, { hash, now });
    expect(await entitled(hour + HOUR_MS - 1)).toMatchObject({ isFirstThisHour: false });
    expect(await entitled(hour + HOUR_MS)).toMatchObject({ isFirstThisHour: true });
  });

  test("with a variable that holds no key fails without repeating it", async () => {
    const { exchange } = await startWithKey();
    vi.stubEnv("KLIPSTREAM_JWT_PRIVATE_KEY", signing.pkcs8);
    const error: unknown = await exchange().catch((reason: unknown) => reason);
    expect(String(error)).toMatch(/signing-key init/);
    expect(String(error)).not.toContain(signing.pkcs8.slice(0, 20));
  });
});

describe("a key", () => {
  test("is kept as its hash alone, and listed without it", async () => {
    const { t, keyId } = await startWithKey();
    const stored = await t.run((ctx) => ctx.db.query("serviceKeys").collect());
    expect(JSON.stringify(stored)).not.toContain("secret");
    const listed = await t.query(internal.serviceAccounts.show, { account });
    expect(listed?.keys).toEqual([{ account, keyId, createdAt: expect.any(Number) as number }]);
    expect(JSON.stringify(listed)).not.toContain(await hashKey(KEY));
  });

  test("can stand beside others of its account, up to twenty", async () => {
    const { t } = await startWithKey();
    const add = async (index: number) =>
      await t.mutation(internal.serviceKeys.create, {
        ...{ account, hash: await hashKey(String(index)), by },
      });
    for (let index = 1; index < 20; index += 1) await add(index);
    await expect(add(20)).rejects.toMatchObject(INVALID);
  });

  test.each([
    ["of an account that there is not", { account: "other", hash: "a".repeat(64) }],
    ["whose hash is none", { account, hash: "A".repeat(64) }],
  ])("%s is refused", async (_what, args) => {
    const { t } = await startWithKey();
    await expect(t.mutation(internal.serviceKeys.create, { ...args, by })).rejects.toMatchObject(
      INVALID,
    );
  });
});

describe("an account", () => {
  test.each(["anonymous", "", "__proto__", "Raw", "raw_1", "a".repeat(64), "-raw", "ra w"])(
    "cannot be called %j",
    async (name) => {
      const { t } = startBackend();
      await expect(
        t.mutation(internal.serviceAccounts.create, { account: name, scopes: [], by }),
      ).rejects.toMatchObject(INVALID);
    },
  );

  test("is made once, and must exist to be changed", async () => {
    const { t } = await startWithKey();
    const create = { account, scopes: [], by };
    await expect(t.mutation(internal.serviceAccounts.create, create)).rejects.toMatchObject(
      INVALID,
    );
    await expect(
      t.mutation(internal.serviceAccounts.setDisabled, { account: "no", disabled: true, by }),
    ).rejects.toMatchObject(INVALID);
  });
});

describe("a workload", () => {
  test("is bound to one account, for as long as its issuer is the trusted one", async () => {
    const { t } = await startWithKey();
    const subject = "repo:klipstream/raw";
    const binding = { account, subject, by };
    await expect(t.mutation(internal.serviceAccounts.bind, binding)).rejects.toMatchObject(INVALID);
    vi.stubEnv("KLIPSTREAM_OIDC_ISSUER", "https://one.test");
    await t.mutation(internal.serviceAccounts.bind, binding);
    await expect(t.mutation(internal.serviceAccounts.bind, binding)).rejects.toMatchObject(INVALID);
    const entitled = () => t.query(internal.accessTokens.entitlementOfWorkload, { subject });
    expect(await entitled()).toMatchObject({ account, keyId: null });
    vi.stubEnv("KLIPSTREAM_OIDC_ISSUER", "https://two.test");
    await expect(entitled()).rejects.toMatchObject({ data: { code: "FORBIDDEN", subject } });
    await t.mutation(internal.serviceAccounts.unbind, binding);
    vi.stubEnv("KLIPSTREAM_OIDC_ISSUER", "https://one.test");
    await expect(entitled()).rejects.toMatchObject({ data: { code: "FORBIDDEN", subject } });
  });
});

describe("the audit", () => {
  test("has a row for each change: who, when and what", async () => {
    const { t, keyId } = await startWithKey();
    vi.stubEnv("KLIPSTREAM_OIDC_ISSUER", "https://one.test");
    const { serviceAccounts, serviceKeys, signingKeys } = internal;
    await t.mutation(serviceAccounts.setDisabled, { account, disabled: true, by });
    await t.mutation(serviceAccounts.setDisabled, { account, disabled: false, by });
    await t.mutation(serviceAccounts.setScopes, { account, scopes: ["videos:read"], by });
    await t.mutation(serviceAccounts.bind, { account, subject: "w", by });
    await t.mutation(serviceAccounts.unbind, { account, subject: "w", by });
    await t.mutation(serviceKeys.revoke, { keyId, by });
    for (const step of ["publish", "sign", "retire"] as const)
      await t.mutation(signingKeys.recordStep, { step, kid: "k2", by });
    const rows = await t.query(internal.audit.list, { limit: 100 });
    for (const row of rows) expect(row).toMatchObject({ by, at: expect.any(Number) as number });
    expect(rows.map(({ action, target, detail }) => [action, target, detail]).reverse()).toEqual([
      ["account.create", account, "videos:write"],
      ["key.create", account, keyId],
      ["account.disable", account, undefined],
      ["account.enable", account, undefined],
      ["account.scopes", account, "videos:read"],
      ["account.bind", account, "w"],
      ["account.unbind", account, "w"],
      ["key.revoke", account, keyId],
      ["signing-key.publish", "k2", undefined],
      ["signing-key.sign", "k2", undefined],
      ["signing-key.retire", "k2", undefined],
    ]);
  });

  test("has no row of what was refused", async () => {
    const { t } = await startWithKey();
    const before = await t.query(internal.audit.list, { limit: 100 });
    await expect(
      t.mutation(internal.serviceKeys.revoke, { keyId: "none", by }),
    ).rejects.toMatchObject(INVALID);
    expect(await t.query(internal.audit.list, { limit: 100 })).toEqual(before);
  });

  test("keeps a year", async () => {
    const { t } = await startWithKey();
    vi.setSystemTime(NOW + AUDIT_KEPT_FOR_MS - 1000);
    await t.mutation(internal.maintenance.pruneAudit, {});
    expect(await t.query(internal.audit.list, { limit: 9 })).toHaveLength(2);
    vi.setSystemTime(NOW + AUDIT_KEPT_FOR_MS + 1000);
    await t.mutation(internal.maintenance.pruneAudit, {});
    expect(await t.query(internal.audit.list, { limit: 9 })).toHaveLength(0);
  });
});

test("the key before may be retired once no token that it signed is alive", async () => {
  const { t } = startBackend();
  const left = () => t.query(internal.signingKeys.msUntilRetirable, { signingKid: "k2" });
  expect(await left()).toBeNull();
  await t.mutation(internal.signingKeys.recordStep, { step: "sign", kid: "k2", by });
  expect(await left()).toBeGreaterThan(TOKEN_LIFETIME_MS);
  vi.setSystemTime(NOW + TOKEN_LIFETIME_MS + 60_000);
  expect(await left()).toBe(0);
});
