/** Who is let in and who is not, over HTTP and over the WebSocket; and that a refusal changes nothing. */
import { createServiceAccountKey, createSigningKey } from "@klipstream/client/keys";
import { ConvexClient } from "convex/browser";
import { anyApi } from "convex/server";
import { ConvexError } from "convex/values";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import {
  ACCOUNTS,
  forge,
  type Forgery,
  keyIdOf,
  type Refusal,
  sign,
} from "./security/forgeries.ts";
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
  const everything = ["videos:read", "videos:write"];
  await target.createAccount("pipeline", everything);
  await target.createAccount("reader", ["videos:read"]);
  await target.createAccount("disabled", everything);
  for (const [account, key] of Object.entries(ACCOUNTS)) await target.addKey(account, key);
  await target.run("serviceAccounts:setDisabled", {
    ...{ account: "disabled", disabled: true, by: "test" },
  });
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
    args: { account: "pipeline", disabled: true, by: "test" },
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

describe("a withdrawal works", () => {
  const everything = ["videos:read", "videos:write"];
  /** An account with a key, and a live token for it. */
  async function newAccount(account: string) {
    const key = createServiceAccountKey(account);
    await target.createAccount(account, everything);
    await target.addKey(account, key);
    const { value } = await target.exchange(key);
    return { account, key, token: (value as { token: string }).token };
  }
  type Withdrawal = [what: string, path: string, args: Record<string, unknown>];
  const withdrawals = ({ account, key }: { account: string; key: string }): Withdrawal[] => [
    ["of the key", "serviceKeys:revoke", { keyId: keyIdOf(key) }],
    ["of the account", "serviceAccounts:setDisabled", { account, disabled: true }],
    ["of the scopes", "serviceAccounts:setScopes", { account, scopes: [] }],
  ];

  test("on the next request of a live token, over both", async () => {
    const [write] = WRITES as [Call];
    for (const place of [0, 1, 2]) {
      const leaky = await newAccount(`leaky-${place}`);
      const [what, path, args] = withdrawals(leaky)[place] as Withdrawal;
      expect((await target.callOverHttp(write, leaky.token)).value).toBeDefined();
      await target.run(path, { ...args, by: "test" });
      const refused = { by: "function", code: "FORBIDDEN", message: /./ } as const;
      expectRefused(await target.callOverHttp(write, leaky.token), refused, what);
      expectRefused(await target.callOverWebSocket(write, leaky.token), refused, what);
    }
  });

  test("of the right to write alone leaves the right to read", async () => {
    const { account, token } = await newAccount("narrowed");
    const [write] = WRITES as [Call];
    const read = READS[3] as Call;
    expect((await target.callOverHttp(write, token)).value).toBeDefined();
    const scopes = ["videos:read"];
    await target.run("serviceAccounts:setScopes", { account, scopes, by: "test" });
    const lacks = { by: "function", code: "FORBIDDEN", message: /lacks the scope/ } as const;
    expectRefused(await target.callOverHttp(write, token), lacks, "write");
    expect((await target.callOverHttp(read, token)).value).toBeDefined();
  });

  test.each([0, 1, 2])("on an open subscription: %d", async (place) => {
    const watcher = await newAccount(`watcher-${place}`);
    const [, path, args] = withdrawals(watcher)[place] as Withdrawal;
    const client = new ConvexClient(target.deployment.url, { logger: false });
    client.setAuth(() => Promise.resolve(watcher.token));
    try {
      const counts = new Promise<void>((resolve, reject) => {
        let withdrawing = false;
        client.onUpdate(
          anyApi["video"]!["statusCounts"]!,
          {},
          () => {
            if (withdrawing) return;
            withdrawing = true;
            void target.run(path, { ...args, by: "test" });
          },
          (error) => {
            // The first error must come from the withdrawal.
            if (withdrawing && error instanceof ConvexError) reject(error);
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

describe("JSON that is nested 20,000 deep is refused with 400, and harms nothing", () => {
  const deep = `${"[".repeat(20_000)}${"]".repeat(20_000)}`;
  const deepObjects = `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`;

  test.each(["/api/query", "/api/mutation", "/api/action", "/api/run/video/create"])(
    "%s",
    async (route) => {
      for (const nested of [deep, deepObjects]) {
        const path = "accessTokens:exchange";
        const body = `{"path":"${path}","args":{"key":${nested}},"format":"json"}`;
        const response = await target.send(route, body);
        expect(response.status).toBe(400);
        expect(await response.json()).toMatchObject({ code: "BadJsonBody" });
        expect((await target.send(route, nested)).status).toBe(400);
      }
      expect((await target.callOverHttp(READS[3] as Call, goodToken)).value).toBeDefined();
    },
  );

  test("in a GET, and on a socket", async () => {
    const path = `/api/query?path=video:getByTwitchIdPublic&args=`;
    const nested = `{"twitchId":${"[".repeat(1000)}${"]".repeat(1000)}}`;
    const response = await fetch(target.deployment.url + path + encodeURIComponent(nested));
    expect(response.status).toBe(400);
    const call = { kind: "query", path: "video:getByTwitchIdPublic" } as const;
    const args = { twitchId: JSON.parse(`${"[".repeat(500)}${"]".repeat(500)}`) as unknown };
    const reply = await target.callOverWebSocket({ ...call, args }, null);
    expect(reply).toMatchObject({ code: "FatalError" });
    expect((await target.callOverHttp(READS[3] as Call, goodToken)).value).toBeDefined();
  });
});
