/** Who is let in and who is not, over HTTP and over the WebSocket; and that a refusal changes nothing. */
import { createSigningKey } from "@klipstream/client/keys";
import { ConvexClient } from "convex/browser";
import { anyApi } from "convex/server";
import { ConvexError } from "convex/values";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { forge, type Forgery, type Refusal, SCOPES, sign } from "./security/forgeries.ts";
import { type Call, type Reply, startTarget } from "./security/target.ts";

const TWITCH_ID = "2434639001";
const SCRATCH_TWITCH_ID = "0434639001";

const WRITES: readonly Call[] = [
  {
    kind: "mutation",
    path: "video:updateStatusByTwitchId",
    args: { twitchId: TWITCH_ID, status: "Completed" },
  },
  {
    kind: "mutation",
    path: "video:updateUrls",
    args: { twitchId: TWITCH_ID, urls: { chatUrl: "gs://a/b" } },
  },
  {
    kind: "mutation",
    path: "video:recordUpdates",
    args: { updates: [{ twitchId: TWITCH_ID, status: "Failed" }], createMissing: true },
  },
  { kind: "mutation", path: "video:create", args: { twitchId: "2434639002" } },
  { kind: "mutation", path: "video:rollbackStatus", args: { twitchId: TWITCH_ID } },
  { kind: "mutation", path: "video:reportProgress", args: { twitchId: TWITCH_ID, percent: 50 } },
  { kind: "mutation", path: "video:removeScratch", args: { twitchId: SCRATCH_TWITCH_ID } },
];
const READS: readonly Call[] = [
  { kind: "query", path: "video:list", args: { paginationOpts: { numItems: 1, cursor: null } } },
  { kind: "query", path: "video:get", args: { twitchId: TWITCH_ID } },
  {
    kind: "query",
    path: "video:history",
    args: { twitchId: TWITCH_ID, paginationOpts: { numItems: 1, cursor: null } },
  },
  { kind: "query", path: "video:progressOf", args: { videoIds: ["none"] } },
  { kind: "query", path: "video:statusCounts", args: {} },
];

const signing = { key: await createSigningKey(), now: Date.now() };
const forgeries = await forge(signing, await createSigningKey());
const goodToken = await sign(signing);

let target: Awaited<ReturnType<typeof startTarget>>;
beforeAll(async () => {
  target = await startTarget(signing.key);
  for (const twitchId of [TWITCH_ID, SCRATCH_TWITCH_ID])
    await target.callOverHttp(
      { kind: "mutation", path: "video:create", args: { twitchId } },
      goodToken,
    );
  const status = { twitchId: TWITCH_ID, status: "Downloading" };
  await target.callOverHttp(
    { kind: "mutation", path: "video:updateStatusByTwitchId", args: status },
    goodToken,
  );
  await target.run("serviceAccounts:setDisabled", { subject: "disabled", disabled: true });
  await target.run("serviceAccounts:setMinGeneration", { subject: "outdated", minGeneration: 2 });
});
afterAll(() => target.deployment.close());

const callsFor = ({ mayRead }: Forgery) => (mayRead === true ? WRITES : [...WRITES, ...READS]);

function expectRefused(reply: Reply, refusal: Refusal, where: string): void {
  expect({ where, code: reply.code, value: reply.value }).toEqual({
    where,
    code: refusal.code,
    value: undefined,
  });
  expect(reply.message).toMatch(refusal.message);
  if (reply.httpStatus !== undefined)
    expect(reply.httpStatus).toBe(refusal.by === "backend" ? refusal.httpStatus : 200);
}

describe("over HTTP, every protected function refuses", () => {
  test.each(forgeries)("$what", async (forgery) => {
    const before = await target.dump();
    for (const call of callsFor(forgery))
      expectRefused(await target.callOverHttp(call, forgery.token), forgery.refusal, call.path);
    expect(await target.dump()).toBe(before);
  });
});

describe("over the WebSocket, every protected function refuses", () => {
  test.each(forgeries)("$what", async (forgery) => {
    const before = await target.dump();
    const { refusal } = forgery;
    // The sync protocol has one message for a token that does not verify, whatever the reason in it.
    const overSocket = refusal.by === "backend" ? { ...refusal, code: "AuthError" } : refusal;
    for (const call of callsFor(forgery))
      expectRefused(await target.callOverWebSocket(call, forgery.token), overSocket, call.path);
    expect(await target.dump()).toBe(before);
  });
});

test("a refused token is refused for public functions, too", async () => {
  const call: Call = {
    kind: "query",
    path: "video:getByTwitchIdPublic",
    args: { twitchId: TWITCH_ID },
  };
  const unverified = forgeries.filter(({ refusal }) => refusal.by === "backend");
  expect(unverified.length).toBeGreaterThan(10);
  for (const { token, refusal, what } of unverified)
    expectRefused(await target.callOverHttp(call, token), refusal, what);
  expect((await target.callOverHttp(call, null)).value).toMatchObject({ twitchId: TWITCH_ID });
});

test("internal functions do not exist for anyone but the operator", async () => {
  const before = await target.dump();
  const call: Call = {
    kind: "mutation",
    path: "serviceAccounts:setDisabled",
    args: { subject: "pipeline", disabled: true },
  };
  for (const token of [null, goodToken]) {
    const overHttp = await target.callOverHttp(call, token);
    expect(overHttp.value).toBeUndefined();
    expect(overHttp.message).toContain("Could not find public function");
    const overSocket = await target.callOverWebSocket(call, token);
    expect(overSocket.value).toBeUndefined();
    expect(overSocket.message).toContain("Could not find public function");
  }
  expect(await target.dump()).toBe(before);
});

test("the operator's key is no pipeline's credential", async () => {
  const before = await target.dump();
  const [write] = WRITES as [Call];
  const reply = await target.callOverHttp(write, target.deployment.adminKey);
  expect(reply).toMatchObject({ httpStatus: 401, code: "InvalidAuthHeader" });
  expect(await target.dump()).toBe(before);
});

test("a good token is let in, over both: the refusals above are not those of a closed door", async () => {
  for (const call of [...WRITES.slice(0, 2), ...READS]) {
    expect((await target.callOverHttp(call, goodToken)).value).toBeDefined();
    expect((await target.callOverWebSocket(call, goodToken)).value).toBeDefined();
  }
});

describe("where anonymous pipelines are allowed", () => {
  beforeAll(() => target.setVariable("ALLOW_ANONYMOUS_PIPELINES", "true"));
  afterAll(() => target.setVariable("ALLOW_ANONYMOUS_PIPELINES", null));

  test("a bad token is still refused, and nobody acts in its place", async () => {
    const [write] = WRITES as [Call];
    const before = await target.dump();
    for (const { token, refusal, what } of forgeries) {
      if (token === null) continue;
      expectRefused(await target.callOverHttp(write, token), refusal, what);
      const overSocket = refusal.by === "backend" ? { ...refusal, code: "AuthError" } : refusal;
      expectRefused(await target.callOverWebSocket(write, token), overSocket, what);
    }
    expect(await target.dump()).toBe(before);
  });

  test("a caller without a token acts as anonymous", async () => {
    const args = { twitchId: TWITCH_ID, status: "Transcribing" };
    const write: Call = { kind: "mutation", path: "video:updateStatusByTwitchId", args };
    expect((await target.callOverHttp(write, null)).value).toMatchObject({ outcome: "applied" });
    expect(await target.dump()).toContain('"actor":"anonymous"');
  });
});

describe("a revocation works", () => {
  test("on the next request, over both", async () => {
    const token = await sign(signing, { sub: "leaky" });
    const [write] = WRITES as [Call];
    expect((await target.callOverHttp(write, token)).value).toBeDefined();
    await target.run("serviceAccounts:setMinGeneration", { subject: "leaky", minGeneration: 2 });
    const refused = { by: "function", code: "FORBIDDEN", message: /revoked/ } as const;
    expectRefused(await target.callOverHttp(write, token), refused, "HTTP");
    expectRefused(await target.callOverWebSocket(write, token), refused, "WebSocket");
    const renewed = await sign(signing, { sub: "leaky", gen: 2 });
    expect((await target.callOverHttp(write, renewed)).value).toBeDefined();
  });

  test.each([
    ["serviceAccounts:setMinGeneration", { minGeneration: 2 }],
    ["serviceAccounts:setDisabled", { disabled: true }],
  ])("on an open subscription: %s", async (path, restriction) => {
    const subject = `watcher-${path.split(":")[1] ?? ""}`;
    const token = await sign(signing, { sub: subject, scope: SCOPES });
    const client = new ConvexClient(target.deployment.url, { logger: false });
    client.setAuth(() => Promise.resolve(token));
    try {
      const counts = new Promise<void>((resolve, reject) => {
        let revoking = false;
        client.onUpdate(
          anyApi["video"]!["statusCounts"]!,
          {},
          () => {
            if (revoking) return;
            revoking = true;
            void target.run(path, { subject, ...restriction });
          },
          (error) => {
            // The first error must come from the revocation.
            if (revoking && error instanceof ConvexError) reject(error);
            else resolve();
          },
        );
      });
      await expect(counts).rejects.toMatchObject({ data: { code: "FORBIDDEN" } });
    } finally {
      await client.close();
    }
  });
});
