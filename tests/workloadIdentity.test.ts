/** Workloads that hold no secret: their platform's identity tokens, exchanged at the deployment. */
import { createHmac } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { ConvexManager, workloadIdentity } from "@klipstream/client";
import { createSigningKey } from "@klipstream/client/keys";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { AUDIENCE, IdentityIssuer } from "./security/identityIssuer.ts";
import { type Call, startTarget } from "./security/target.ts";

const TWITCH_ID = "2434642001";
const SUBJECT = "repo:klipstream/raw:ref:refs/heads/main";
const BY = "test";
const ACCOUNT = "raw";

let target: Awaited<ReturnType<typeof startTarget>>;
let issuer: IdentityIssuer;
let second: IdentityIssuer;
beforeAll(async () => {
  issuer = await IdentityIssuer.start();
  second = await IdentityIssuer.start();
  target = await startTarget(await createSigningKey());
  await target.createAccount(ACCOUNT, ["videos:read", "videos:write"]);
  await target.setVariable("KLIPSTREAM_OIDC_ISSUER", issuer.url);
  await target.setVariable("KLIPSTREAM_OIDC_AUDIENCE", AUDIENCE);
  await target.run("serviceAccounts:bind", { account: ACCOUNT, subject: SUBJECT, by: BY });
});
afterAll(async () => {
  await target.deployment.close();
  await issuer.close();
  await second.close();
});

const exchange = (identityToken: string) =>
  target.callOverHttp(
    { kind: "action", path: "accessTokens:exchangeIdentity", args: { identityToken } },
    null,
  );
const create = (twitchId: string): Call => ({
  kind: "mutation",
  path: "video:create",
  args: { twitchId },
});

test("a bound workload acts as its account, through the client and without a secret", async () => {
  const folder = await mkdtemp(join(tmpdir(), "klipstream-workload-"));
  const manager = new ConvexManager({
    url: target.deployment.url,
    tokenSource: workloadIdentity(() => issuer.token({ sub: SUBJECT })),
    outboxPath: join(folder, "outbox.db"),
    createMissing: true,
    waitMs: 20_000,
    logLevel: "silent",
  });
  const result = await manager.updateVideoStatus(TWITCH_ID, "Downloading");
  expect(result).toMatchObject({ outcome: "applied" });
  await manager.close();
  await rm(folder, { recursive: true });
  expect(await target.dump()).toContain(`"actor":"${ACCOUNT}"`);
});

test("its token is the deployment's own, of ten minutes, with the account's scopes", async () => {
  const { value } = await exchange(await issuer.token({ sub: SUBJECT }));
  expect(value).toMatchObject({
    subject: ACCOUNT,
    scopes: ["videos:read", "videos:write"],
    lifetimeMs: 600_000,
    keyExpiresAt: null,
  });
});

describe("an identity token is refused", () => {
  const now = () => Math.floor(Date.now() / 1000);
  const ours = (claims: Record<string, unknown> = {}) => issuer.token({ sub: SUBJECT, ...claims });
  const compact = (header: object, claims: object) =>
    [header, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
      .join(".");
  const claims = () => ({ iss: issuer.url, aud: AUDIENCE, sub: SUBJECT, exp: now() + 300 });

  const cases: [what: string, token: () => Promise<string> | string, why: RegExp][] = [
    ["for another audience", () => ours({ aud: "other" }), /audience/],
    ["without an audience", () => ours({ aud: undefined }), /audience/],
    ["that has expired", () => ours({ exp: now() - 60 }), /"exp"/],
    ["without an expiry", () => ours({ exp: undefined }), /"exp"/],
    ["that is not valid yet", () => ours({ nbf: now() + 600 }), /"nbf"/],
    ["without a subject", () => issuer.token({ sub: undefined as never }), /"sub"/],
    ["with an empty subject", () => ours({ sub: "" }), /subject/],
    ["of another issuer", () => second.token({ sub: SUBJECT }), /issuer/],
    [
      "of another issuer with the same key id, in the name of ours",
      () => second.token({ ...claims() }),
      /signature/,
    ],
    ["that is not signed", () => `${compact({ alg: "none" }, claims())}.`, /"alg"/],
    [
      "signed with HS256 by the public key",
      async () => {
        const body = compact({ alg: "HS256", kid: "k1" }, claims());
        const secret = JSON.stringify(await issuer.publicJwk());
        return `${body}.${createHmac("sha256", secret).update(body).digest("base64url")}`;
      },
      /"alg"/,
    ],
    [
      "whose payload was changed",
      async () => {
        const [header, , signature] = (await ours()).split(".");
        const changed = Buffer.from(JSON.stringify({ ...claims(), exp: now() + 9000 }));
        return [header, changed.toString("base64url"), signature].join(".");
      },
      /signature/,
    ],
    ["that is no token", () => "banana", /no JWT/],
    ["that is empty", () => "", /no JWT/],
  ];
  test.each(cases)("%s", async (_what, token, why) => {
    const before = await target.dump();
    const { value, code, message } = await exchange(await token());
    expect({ value, code }).toEqual({ value: undefined, code: "UNAUTHENTICATED" });
    expect(message).toMatch(why);
    expect(await target.dump()).toBe(before);
  });

  test("of a subject that nobody bound, which it names", async () => {
    const reply = await exchange(await issuer.token({ sub: "repo:stranger/fork" }));
    expect(reply).toMatchObject({ code: "FORBIDDEN" });
    expect(reply.message).toContain('"repo:stranger/fork"');
  });

  test("in place of a token of the deployment, at every function", async () => {
    const reply = await target.callOverHttp(create("2434642009"), await ours());
    expect(reply).toMatchObject({ httpStatus: 401, code: "NoAuthProvider" });
  });

  test("of a stranger without a question to the issuer", async () => {
    const before = issuer.requests;
    await exchange(await second.token());
    await exchange(await ours({ aud: "other" }));
    expect(issuer.requests).toBe(before);
  });
});

describe("claims that an issuer lets its workloads make up prove nothing:", () => {
  test.each([
    ["a scope", { scope: "videos:write", scopes: ["videos:write"] }],
    ["an issuer and a subject as functions see them", { issuer: "x", subject: "operator" }],
    ["a token identifier", { tokenIdentifier: "x|operator" }],
    ["a key", { key: "0123456789ab" }],
    ["an account", { account: "operator", act: { sub: "operator" } }],
  ])("%s", async (_what, madeUp) => {
    await target.run("serviceAccounts:setScopes", {
      ...{ account: ACCOUNT, scopes: ["videos:read"], by: BY },
    });
    const { value } = await exchange(await issuer.token({ sub: SUBJECT, ...madeUp }));
    expect(value).toMatchObject({ subject: ACCOUNT, scopes: ["videos:read"] });
    const { token } = value as { token: string };
    expect(await target.callOverHttp(create("2434642010"), token)).toMatchObject({
      code: "FORBIDDEN",
    });
    await target.run("serviceAccounts:setScopes", {
      ...{ account: ACCOUNT, scopes: ["videos:read", "videos:write"], by: BY },
    });
  });
});

test("an issuer that is away is no refusal: the workload may come again", async () => {
  issuer.status = 503;
  const away = await exchange(await issuer.token({ sub: SUBJECT }));
  issuer.status = 200;
  expect(away.value).toBeUndefined();
  expect(away.code).toBeUndefined();
  expect((await exchange(await issuer.token({ sub: SUBJECT }))).value).toBeDefined();
});

describe("a workload is shut out at once, with its live tokens, by", () => {
  const rebind = () =>
    target.run("serviceAccounts:bind", { account: ACCOUNT, subject: SUBJECT, by: BY });
  const liveToken = async () => {
    const { value } = await exchange(await issuer.token({ sub: SUBJECT }));
    return (value as { token: string }).token;
  };
  const look: Call = { kind: "query", path: "video:statusCounts", args: {} };

  test.each<[remedy: string, withdraw: () => Promise<unknown>, undo: () => Promise<unknown>]>([
    [
      "unbinding it",
      () => target.run("serviceAccounts:unbind", { account: ACCOUNT, subject: SUBJECT, by: BY }),
      rebind,
    ],
    [
      "disabling its account",
      () => target.run("serviceAccounts:setDisabled", { account: ACCOUNT, disabled: true, by: BY }),
      () =>
        target.run("serviceAccounts:setDisabled", { account: ACCOUNT, disabled: false, by: BY }),
    ],
    [
      "trusting another issuer",
      () => target.setVariable("KLIPSTREAM_OIDC_ISSUER", second.url),
      () => target.setVariable("KLIPSTREAM_OIDC_ISSUER", issuer.url),
    ],
  ])("%s", async (_remedy, withdraw, undo) => {
    const token = await liveToken();
    expect((await target.callOverHttp(look, token)).value).toBeDefined();
    await withdraw();
    expect(await target.callOverHttp(look, token)).toMatchObject({ code: "FORBIDDEN" });
    expect((await exchange(await issuer.token({ sub: SUBJECT }))).value).toBeUndefined();
    await undo();
    expect((await target.callOverHttp(look, token)).value).toBeDefined();
  });

  test("trusting another issuer, which gets no account by having the same subject", async () => {
    await target.setVariable("KLIPSTREAM_OIDC_ISSUER", second.url);
    expect(await exchange(await second.token({ sub: SUBJECT }))).toMatchObject({
      code: "FORBIDDEN",
    });
    await target.setVariable("KLIPSTREAM_OIDC_ISSUER", issuer.url);
  });
});

test("without an issuer, no identity token is accepted", async () => {
  await target.setVariable("KLIPSTREAM_OIDC_AUDIENCE", null);
  const forged = await new SignJWT({ sub: SUBJECT })
    .setProtectedHeader({ alg: "HS256" })
    .sign(new TextEncoder().encode("0".repeat(32)));
  for (const token of [forged, await issuer.token({ sub: SUBJECT })])
    expect(await exchange(token)).toMatchObject({ code: "UNAUTHENTICATED" });
  await target.setVariable("KLIPSTREAM_OIDC_AUDIENCE", AUDIENCE);
});
