import type { Scope } from "@klipstream/contract";
import type { FunctionReference } from "convex/server";
import { afterEach, describe, expect, test, vi } from "vitest";

import { api, internal } from "../_generated/api";
import {
  type Backend,
  createVideo,
  eventsOf,
  insertAccount,
  PIPELINE,
  startBackend,
  status,
  TWITCH_ID,
} from "./testing.setup";

const twitchId = TWITCH_ID;
const paginationOpts = { numItems: 10, cursor: null };
const { subject: account } = PIPELINE;
const by = "test";

type Call = [string, (caller: Pick<Backend, "query" | "mutation">, id: string) => Promise<unknown>];

const mutate =
  (reference: FunctionReference<"mutation">, args: Record<string, unknown>): Call[1] =>
  (caller) =>
    caller.mutation(reference, args);

const WRITES: Call[] = [
  [
    "updateStatus",
    (t, id) => t.mutation(api.video.updateStatus, { id: id as never, status: "Queued" }),
  ],
  ["updateStatusByTwitchId", mutate(api.video.updateStatusByTwitchId, status("Queued"))],
  ["updateUrls", mutate(api.video.updateUrls, { twitchId, urls: { chatUrl: "gs://b/c" } })],
  ["recordUpdates", mutate(api.video.recordUpdates, { updates: [status("Queued")] })],
  ["create", mutate(api.video.create, { twitchId })],
  ["rollbackStatus", mutate(api.video.rollbackStatus, { twitchId })],
  ["reportProgress", mutate(api.video.reportProgress, { twitchId, percent: 1 })],
  ["removeScratch", mutate(api.video.removeScratch, { twitchId: "01" })],
];
const READS: Call[] = [
  ["list", (t) => t.query(api.video.list, { paginationOpts })],
  ["get", (t) => t.query(api.video.get, { twitchId })],
  ["history", (t) => t.query(api.video.history, { twitchId, paginationOpts })],
  ["progressOf", (t, id) => t.query(api.video.progressOf, { videoIds: [id as never] })],
  ["statusCounts", (t) => t.query(api.video.statusCounts, {})],
];

afterEach(() => vi.unstubAllEnvs());

async function startWithVideo() {
  const backend = startBackend();
  const id = await createVideo(backend.pipeline);
  await backend.pipeline.mutation(api.video.updateStatusByTwitchId, status("Downloading"));
  const setScopes = (...scopes: Scope[]) =>
    backend.t.mutation(internal.serviceAccounts.setScopes, { account, scopes, by });
  return { ...backend, id, setScopes };
}

const refusal = (code: string) => ({ data: { code } });

/** Claims that a token of the deployment's own key could have, and that open nothing. */
const MALFORMED: [string, Record<string, unknown>][] = [
  ["whose account there is not", { subject: "raw-2" }],
  ["with an empty subject", { subject: "" }],
  ["whose subject is __proto__", { subject: "__proto__" }],
  ["whose subject is constructor", { subject: "constructor" }],
  ["whose subject is anonymous", { subject: "anonymous" }],
  ["without a key", { key: undefined }],
  ["whose key is null", { key: null }],
  ["whose key is negative", { key: -1 }],
  ["whose key is a number", { key: 123456789 }],
  ["whose key is empty", { key: "" }],
  ["whose key is __proto__", { key: "__proto__" }],
  ["whose key there is not", { key: "ffffffffffff" }],
  ["whose key is a list", { key: [PIPELINE.key] }],
  ["with a scope of its own, but no key", { key: undefined, scope: "videos:read videos:write" }],
  ["with a generation, but no key", { key: undefined, gen: 1 }],
  ["of a workload that is bound to nothing", { key: undefined, workload: "w" }],
  ["whose workload is no text", { key: undefined, workload: 1 }],
];

describe.each([...WRITES, ...READS])("video:%s", (_, call) => {
  test("without a token is UNAUTHENTICATED", async () => {
    const { t, id } = await startWithVideo();
    await expect(call(t, id)).rejects.toMatchObject(refusal("UNAUTHENTICATED"));
  });

  test.each(MALFORMED)("with a token %s is FORBIDDEN", async (_what, claims) => {
    const { t, id } = await startWithVideo();
    const stranger = t.withIdentity({ ...PIPELINE, ...claims });
    await expect(call(stranger, id)).rejects.toMatchObject(refusal("FORBIDDEN"));
  });

  test("of a disabled account is FORBIDDEN at once, and allowed again once it is enabled", async () => {
    const { t, pipeline, id } = await startWithVideo();
    await t.mutation(internal.serviceAccounts.setDisabled, { account, disabled: true, by });
    await expect(call(pipeline, id)).rejects.toMatchObject(refusal("FORBIDDEN"));
    await t.mutation(internal.serviceAccounts.setDisabled, { account, disabled: false, by });
    await expect(call(pipeline, id)).resolves.toBeDefined();
  });

  test("with a token of a revoked key is FORBIDDEN at once, with another key's it is allowed", async () => {
    const { t, pipeline, id } = await startWithVideo();
    const { keyId } = await t.mutation(internal.serviceKeys.create, {
      ...{ account, hash: "e".repeat(64), by },
    });
    await t.mutation(internal.serviceKeys.revoke, { keyId: PIPELINE.key, by });
    await expect(call(pipeline, id)).rejects.toMatchObject(refusal("FORBIDDEN"));
    const renewed = t.withIdentity({ ...PIPELINE, key: keyId });
    await expect(call(renewed, id)).resolves.toBeDefined();
  });

  test("with a key of another account is FORBIDDEN", async () => {
    const { t, id } = await startWithVideo();
    await t.run((ctx) => insertAccount(ctx, { subject: "raw-2", key: "aaaaaaaaaaaa" }));
    const stranger = t.withIdentity({ ...PIPELINE, key: "aaaaaaaaaaaa" });
    await expect(call(stranger, id)).rejects.toMatchObject(refusal("FORBIDDEN"));
  });
});

describe("scopes are the account's, at the moment of the call", () => {
  test.each(WRITES)("video:%s needs videos:write", async (_, call) => {
    const { pipeline, id, setScopes } = await startWithVideo();
    await setScopes("videos:read");
    await expect(call(pipeline, id)).rejects.toMatchObject({
      data: { code: "FORBIDDEN", scope: "videos:write" },
    });
    await setScopes("videos:write");
    await expect(call(pipeline, id)).resolves.toBeDefined();
  });

  test.each(READS)("video:%s needs videos:read", async (_, call) => {
    const { pipeline, id, setScopes } = await startWithVideo();
    await setScopes("videos:write");
    await expect(call(pipeline, id)).rejects.toMatchObject({
      data: { code: "FORBIDDEN", scope: "videos:read" },
    });
    await setScopes("videos:read");
    await expect(call(pipeline, id)).resolves.toBeDefined();
  });

  test("whatever scope a token claims", async () => {
    const { t, setScopes } = await startWithVideo();
    await setScopes("videos:read");
    const caller = t.withIdentity({ ...PIPELINE, scope: "videos:read videos:write" });
    await expect(caller.mutation(api.video.create, { twitchId })).rejects.toMatchObject(
      refusal("FORBIDDEN"),
    );
  });
});

describe("video:getByTwitchIdPublic", () => {
  test("answers anyone, and only with the public fields", async () => {
    const { t, pipeline } = await startWithVideo();
    await pipeline.mutation(
      api.video.updateStatusByTwitchId,
      status("Failed", { reason: "secret", run: { id: "r", startedAt: 1 } }),
    );
    const video = await t.query(api.video.getByTwitchIdPublic, { twitchId });
    expect(Object.keys(video ?? {}).sort()).toEqual(
      ["_creationTime", "_id", "status", "statusChangedAt", "twitchId"].sort(),
    );
    expect(await t.query(api.video.getByTwitchIdPublic, { twitchId: "404" })).toBeNull();
  });
});

describe("ALLOW_ANONYMOUS_PIPELINES", () => {
  test.each([...WRITES, ...READS])(
    "true lets a caller without a token call video:%s",
    async (_, call) => {
      const { t, id } = await startWithVideo();
      vi.stubEnv("ALLOW_ANONYMOUS_PIPELINES", "true");
      await expect(call(t, id)).resolves.toBeDefined();
    },
  );

  test("the actor is then anonymous", async () => {
    const { t } = startBackend();
    vi.stubEnv("ALLOW_ANONYMOUS_PIPELINES", "true");
    await createVideo(t);
    expect(await eventsOf(t)).toMatchObject([{ kind: "created", actor: "anonymous" }]);
  });

  test("a token that does not suffice is refused all the same", async () => {
    const { t, setScopes } = await startWithVideo();
    vi.stubEnv("ALLOW_ANONYMOUS_PIPELINES", "true");
    await setScopes("videos:read");
    await expect(createVideo(t.withIdentity(PIPELINE))).rejects.toMatchObject(refusal("FORBIDDEN"));
  });

  test.each(["false", "1", ""])("%j is off", async (value) => {
    const { t } = startBackend();
    vi.stubEnv("ALLOW_ANONYMOUS_PIPELINES", value);
    await expect(createVideo(t)).rejects.toMatchObject(refusal("UNAUTHENTICATED"));
  });
});
