/** What a service-account key is worth: to its pipeline, to whoever guesses at one, and to whoever has stolen one. */
import { createServiceAccountKey, createSigningKey } from "@klipstream/client/keys";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { keyIdOf } from "./security/forgeries.ts";
import { type Call, type Reply, startTarget } from "./security/target.ts";

const TWITCH_ID = "2434641001";
const EVERYTHING = ["videos:read", "videos:write"];
const BY = "test";

const report: Call = {
  kind: "mutation",
  path: "video:updateStatusByTwitchId",
  args: { twitchId: TWITCH_ID, status: "Downloading" },
};
const look: Call = { kind: "query", path: "video:statusCounts", args: {} };

let target: Awaited<ReturnType<typeof startTarget>>;
beforeAll(async () => {
  target = await startTarget(await createSigningKey());
  const { token } = await newPipeline("operator");
  await target.callOverHttp(
    { kind: "mutation", path: "video:create", args: { twitchId: TWITCH_ID } },
    token,
  );
});
afterAll(() => target.deployment.close());

async function newPipeline(account: string, expiresAt?: number) {
  const key = createServiceAccountKey(account);
  await target.createAccount(account, EVERYTHING);
  await target.addKey(account, key, expiresAt);
  const { value } = await target.exchange(key);
  return { account, key, token: (value as { token?: string } | undefined)?.token ?? "" };
}

/** An answer without what is another each time. */
function withoutRequestId({ message = "", ...reply }: Reply): Reply {
  return { ...reply, message: message.replace(/[0-9a-f]{16}/g, "") };
}

/** A text with one character changed. */
function changedAt(text: string, place: number): string {
  const other = text[place] === "0" ? "1" : "0";
  return text.slice(0, place) + other + text.slice(place + 1);
}

describe("an exchange refuses, with one answer for all,", () => {
  let refusal: Reply;
  beforeAll(async () => {
    refusal = withoutRequestId(await target.exchange(createServiceAccountKey("nobody")));
  });

  test("an unknown key", () => {
    expect(refusal).toMatchObject({ httpStatus: 200, code: "UNAUTHENTICATED" });
    expect(refusal.value).toBeUndefined();
  });

  test("a key with any one character changed", async () => {
    const { key } = await newPipeline("changed");
    for (let place = 0; place < key.length; place += 1)
      expect(withoutRequestId(await target.exchange(changedAt(key, place)))).toEqual(refusal);
    expect((await target.exchange(key)).value).toBeDefined();
  });

  test("an expired key, at the millisecond", async () => {
    const { key } = await newPipeline("expired", Date.now() - 1);
    expect(withoutRequestId(await target.exchange(key))).toEqual(refusal);
  });

  test("a revoked key, a key of a disabled account, and a key of another deployment", async () => {
    const revoked = await newPipeline("revoked");
    await target.run("serviceKeys:revoke", { keyId: keyIdOf(revoked.key), by: BY });
    const disabled = await newPipeline("disabled");
    const lock = { account: "disabled", disabled: true, by: BY };
    await target.run("serviceAccounts:setDisabled", lock);
    for (const key of [revoked.key, disabled.key, createServiceAccountKey("operator")])
      expect(withoutRequestId(await target.exchange(key))).toEqual(refusal);
  });

  test.each([
    "",
    "klip_",
    "eyJ.eyJ.x",
    "__proto__",
    "\u0000",
    "k".repeat(100_000),
    "klip_operator_",
  ])("%.20j", async (text) => {
    expect(withoutRequestId(await target.exchange(text))).toEqual(refusal);
  });

  test("10,000 wrong keys, and nothing grows", { timeout: 300_000 }, async () => {
    const before = await target.dump();
    const { key } = await newPipeline("guessed");
    const made = await target.dump();
    expect(made).not.toBe(before);
    const answers = new Set<string>();
    const guess = async (turn: number) => {
      // The right account, and once in a while a key that is almost right.
      const wrong = turn % 100 === 0 ? changedAt(key, turn % key.length) : newGuess();
      answers.add(JSON.stringify(withoutRequestId(await target.exchange(wrong))));
    };
    for (let turn = 0; turn < 10_000; turn += 20)
      await Promise.all(Array.from({ length: 20 }, (_, index) => guess(turn + index)));
    expect([...answers]).toEqual([JSON.stringify(refusal)]);
    expect(await target.dump()).toBe(made);
  });
});

const newGuess = () => createServiceAccountKey("guessed");

describe("a stolen key", () => {
  test("is worth its account, and nothing beyond it", async () => {
    const { key, token } = await newPipeline("stolen");
    const { value } = await target.exchange(key);
    expect(value).toMatchObject({ subject: "stolen", scopes: EVERYTHING, keyExpiresAt: null });
    const { lifetimeMs } = value as { lifetimeMs: number };
    expect(lifetimeMs).toBe(600_000);
    // What it reports bears its account's name.
    expect((await target.callOverHttp(report, token)).value).toBeDefined();
    expect(await target.dump()).toContain('"actor":"stolen"');
    // The token names the account and the key, and no right.
    expect(Object.keys(decodeJwt(token)).sort()).toEqual(
      ["aud", "exp", "iat", "iss", "jti", "key", "sub"].sort(),
    );
    // It opens no internal function, no system query and no variable.
    const before = await target.dump();
    const internal: Call[] = [
      {
        kind: "mutation",
        path: "serviceAccounts:create",
        args: { account: "x", scopes: [], by: BY },
      },
      {
        kind: "mutation",
        path: "serviceKeys:create",
        args: { account: "stolen", hash: "0".repeat(64), by: BY },
      },
      { kind: "query", path: "serviceAccounts:list", args: {} },
      { kind: "query", path: "serviceAccounts:show", args: { account: "stolen" } },
      { kind: "query", path: "audit:list", args: { limit: 1 } },
      { kind: "action", path: "signingKeys:signTrial", args: {} },
      { kind: "query", path: "accessTokens:entitlementOfWorkload", args: { subject: "x" } },
    ];
    for (const call of internal) {
      const { value: got, message } = await target.callOverHttp(call, token);
      expect({ path: call.path, got }).toEqual({ path: call.path, got: undefined });
      expect(message).toContain("Could not find public function");
    }
    for (const secret of [key, token])
      for (const scheme of ["Bearer", "Convex"]) {
        const headers = { authorization: `${scheme} ${secret}` };
        const url = `${target.deployment.url}/api/list_environment_variables`;
        expect([401, 403]).toContain((await fetch(url, { headers })).status);
      }
    expect(await target.dump()).toBe(before);
  });

  test("cannot be turned into another account's, or into a stronger one", async () => {
    const { token } = await newPipeline("ambitious");
    await target.run("serviceAccounts:setScopes", {
      ...{ account: "ambitious", scopes: ["videos:read"], by: BY },
    });
    const [header, payload, signature] = token.split(".") as [string, string, string];
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as object;
    for (const forged of [{ sub: "operator" }, { scope: "videos:write" }, { exp: 9_999_999_999 }]) {
      const changed = Buffer.from(JSON.stringify({ ...claims, ...forged })).toString("base64url");
      const reply = await target.callOverHttp(report, [header, changed, signature].join("."));
      expect(reply.httpStatus).toBe(401);
    }
    expect(await target.callOverHttp(report, token)).toMatchObject({ code: "FORBIDDEN" });
    expect((await target.callOverHttp(look, token)).value).toBeDefined();
  });

  test.each<[remedy: string, withdraw: (key: string, account: string) => Promise<unknown>]>([
    ["is revoked", (key) => target.run("serviceKeys:revoke", { keyId: keyIdOf(key), by: BY })],
    [
      "'s account is disabled",
      (_key, account) =>
        target.run("serviceAccounts:setDisabled", { account, disabled: true, by: BY }),
    ],
  ])("that %s is worth nothing at once, with every token of it", async (remedy, withdraw) => {
    const name = `withdrawn-${remedy.length}`;
    const { key, account, token } = await newPipeline(name);
    const other = await newPipeline(`${name}-other`);
    await withdraw(key, account);
    const before = await target.dump();
    expect(await target.exchange(key)).toMatchObject({ code: "UNAUTHENTICATED" });
    for (const call of [report, look])
      expect(await target.callOverHttp(call, token)).toMatchObject({ code: "FORBIDDEN" });
    expect(await target.dump()).toBe(before);
    expect((await target.callOverHttp(look, other.token)).value).toBeDefined();
  });

  test("that is revoked leaves its successor at work", async () => {
    const { key, account, token } = await newPipeline("succeeded");
    const successor = createServiceAccountKey(account);
    await target.addKey(account, successor);
    const { value } = await target.exchange(successor);
    await target.run("serviceKeys:revoke", { keyId: keyIdOf(key), by: BY });
    expect(
      (await target.callOverHttp(look, (value as { token: string }).token)).value,
    ).toBeDefined();
    expect(await target.callOverHttp(look, token)).toMatchObject({ code: "FORBIDDEN" });
  });
});

test("what the deployment stores of a key is a hash of it", async () => {
  const { key } = await newPipeline("stored");
  const stored = await target.dump();
  expect(stored).toContain(keyIdOf(key));
  const [, , secret] = key.split("_") as [string, string, string];
  for (let start = 0; start + 12 <= secret.length; start += 1)
    expect(stored).not.toContain(secret.slice(start, start + 12));
});
