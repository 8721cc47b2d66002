import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { ConvexManager, type UpdateResult } from "@klipstream/client";
import { exchangeKey, readServiceAccountKey } from "@klipstream/client/keys";
import { ConvexClient } from "convex/browser";
import { anyApi } from "convex/server";
import { decodeProtectedHeader } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";

import { expectDone, type Operator, startOperator } from "../testing/operator.ts";

const TWITCH_IDS = ["2434640001", "2434640002", "2434640003"] as const;
/** What the pipelines take for the life of their tokens, so that they renew them many times in this test. */
const LIFETIME_MS = 250;

let operator: Operator;
beforeAll(async () => {
  operator = await startOperator();
  for (const twitchId of TWITCH_IDS) await operator.run(["create", twitchId]);
});
afterAll(() => operator.close());

const keyIdOf = (key: string) => readServiceAccountKey(key)?.keyId ?? "";

/** A `fetch` that changes the value of one function's answer. */
function answering(path: string, change: (value: unknown) => unknown): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    if (typeof init?.body !== "string" || !init.body.includes(path)) return response;
    const { value, ...answer } = (await response.json()) as { value?: unknown };
    return Response.json(value === undefined ? answer : { ...answer, value: change(value) });
  };
}

/** A pipeline that reports one status after the other until it is stopped, and renews its token all the time. */
function startPipeline(twitchId: string, apiKey: string) {
  const signedBy = new Set<string>();
  const manager = new ConvexManager(
    {
      url: operator.deployment.url,
      apiKey,
      outboxPath: join(operator.folder, `${twitchId}.db`),
      logLevel: "silent",
    },
    {
      fetch: answering("accessTokens:exchange", (value) => {
        const exchanged = value as { token: string };
        signedBy.add(decodeProtectedHeader(exchanged.token).kid ?? "");
        return { ...exchanged, lifetimeMs: LIFETIME_MS };
      }),
    },
  );
  const results: UpdateResult[] = [];
  let isStopped = false;
  const write = async () => {
    for (let turn = 0; !isStopped; turn += 1) {
      // Another one each time: what is not recorded was lost, and not "unchanged".
      const chatUrl = `gs://rotation/${keyIdOf(apiKey)}/${turn}`;
      results.push(await manager.updateVideoUrls(twitchId, { chatUrl }));
      await pause(10);
    }
  };
  const writing = write();
  return {
    signedBy,
    stop: async () => {
      isStopped = true;
      await writing;
      expect(await manager.close()).toMatchObject({ delivered: true });
      return results;
    },
  };
}

const startPipelines = (key: string) => TWITCH_IDS.map((twitchId) => startPipeline(twitchId, key));
const stopAll = async (pipelines: ReturnType<typeof startPipelines>) =>
  (await Promise.all(pipelines.map(({ stop }) => stop()))).flat();

/** Follows the videos for as long as the test goes on. */
function startSubscriber(key: string) {
  const client = new ConvexClient(operator.deployment.url, { logger: false });
  client.setAuth(() => exchangeKey(operator.deployment.url, key));
  const seen = { updates: 0, errors: [] as Error[] };
  const args = { paginationOpts: { numItems: 10, cursor: null } };
  client.onUpdate(
    anyApi["video"]!["list"]!,
    args,
    () => (seen.updates += 1),
    (error) => seen.errors.push(error),
  );
  return { seen, close: () => client.close() };
}

async function recordedUpdateIds(twitchId: string): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | null = null;
  do {
    const page = ["history", twitchId, "--json", "--limit", "100"];
    const { events, continueCursor } = (await operator.runJson(
      cursor === null ? page : [...page, "--cursor", cursor],
    )) as { events: { updateId?: string }[]; continueCursor: string | null };
    for (const { updateId } of events) if (updateId !== undefined) ids.push(updateId);
    cursor = continueCursor;
  } while (cursor !== null);
  return ids;
}

const rotate = (...args: string[]) => operator.run(["signing-key", "rotate", ...args]);

async function expectRefused(step: string, why: RegExp): Promise<void> {
  const { exitCode, stdout, stderr } = await rotate(step, "--yes", "--wait", "1s");
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
  expect(stderr).toMatch(why);
}

async function rotateSigningKey(): Promise<void> {
  await expectRefused("sign", /no next key/);
  await expectRefused("retire", /no previous key/);
  expectDone(await rotate("publish"));
  await expectRefused("retire", /no previous key/);
  expect(await rotate("sign", "--dry-run")).toMatchObject({ exitCode: 0 });
  expectDone(await rotate("sign"));
  await expectRefused("publish", /not done/);
  await expectRefused("retire", /live for (10 min|9 min)/);
  await pause(4 * LIFETIME_MS);
  // The ten minutes in which the tokens of the old key end: the pipelines have renewed theirs several times since.
  const fetch = answering("signingKeys:msUntilRetirable", () => 0);
  expectDone(await operator.run(["signing-key", "rotate", "retire", "--yes"], { fetch }));
  await pause(2 * LIFETIME_MS);
}

test("a rotation and a new key lose and refuse no update of three pipelines, and no subscriber notices", async () => {
  const oldKey = await operator.createKey("raw");
  const subscriber = startSubscriber(await operator.createKey("screen", "videos:read"));
  const olds = startPipelines(oldKey);
  await pause(2 * LIFETIME_MS);
  await rotateSigningKey();

  const freshKey = await operator.createKey("raw");
  const fresh = startPipelines(freshKey);
  const results = await stopAll(olds);
  expectDone(await operator.run(["key", "revoke", keyIdOf(oldKey), "--yes"]));
  await pause(2 * LIFETIME_MS);
  results.push(...(await stopAll(fresh)));
  await subscriber.close();

  expect(results.filter(({ ok }) => !ok)).toEqual([]);
  const recorded = (await Promise.all(TWITCH_IDS.map(recordedUpdateIds))).flat();
  expect(new Set(recorded).size).toBe(recorded.length);
  const known = new Set(recorded);
  // Also what waited for a moment: it was delivered before its pipeline ended.
  expect(results.filter(({ updateId }) => !known.has(updateId))).toEqual([]);
  expect(results.length).toBeGreaterThan(60);
  for (const { signedBy } of olds) expect(signedBy.size).toBe(2);
  expect(subscriber.seen.errors).toEqual([]);
  expect(subscriber.seen.updates).toBeGreaterThan(10);

  const revoked = { environment: { ...operator.environment, CONVEX_API_KEY: oldKey } };
  expect(await operator.run(["list"], revoked)).toMatchObject({ exitCode: 4 });
  expect(await operator.run(["list"])).toMatchObject({ exitCode: 0 });
});

test("a key that is not published does not get to sign, and another one can be published", async () => {
  const before = await operator.variables();
  expectDone(await rotate("publish"));
  const { KLIPSTREAM_JWT_JWKS: jwks = "" } = before;
  await operator.setVariables({ KLIPSTREAM_JWT_JWKS: jwks });
  await expectRefused("sign", /does not accept the next key/);
  expectDone(await rotate("publish"));
  expectDone(await rotate("sign"));
  expect(await operator.run(["list"])).toMatchObject({ exitCode: 0 });
});
