import type { FunctionReference } from "convex/server";
import { afterEach, describe, expect, test, vi } from "vitest";

import { api, internal } from "./_generated/api";
import {
  type Backend,
  createVideo,
  eventsOf,
  PIPELINE,
  startBackend,
  status,
  TWITCH_ID,
} from "./testing.setup";

const twitchId = TWITCH_ID;
const paginationOpts = { numItems: 10, cursor: null };
const READ_ONLY = { ...PIPELINE, scope: "videos:read" };
const WRITE_ONLY = { ...PIPELINE, scope: "videos:write" };

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
  return { ...backend, id };
}

const refusal = (code: string) => ({ data: { code } });

describe.each([...WRITES, ...READS])("video:%s", (_, call) => {
  test("without a token is UNAUTHENTICATED", async () => {
    const { t, id } = await startWithVideo();
    await expect(call(t, id)).rejects.toMatchObject(refusal("UNAUTHENTICATED"));
  });

  test("with a token that has no scope is FORBIDDEN", async () => {
    const { t, id } = await startWithVideo();
    const stranger = t.withIdentity({ subject: "raw-1", gen: 1 });
    await expect(call(stranger, id)).rejects.toMatchObject(refusal("FORBIDDEN"));
  });

  test("of a disabled account is FORBIDDEN at once, and allowed again once it is enabled", async () => {
    const { t, pipeline, id } = await startWithVideo();
    const { subject } = PIPELINE;
    await t.mutation(internal.serviceAccounts.setDisabled, { subject, disabled: true });
    await expect(call(pipeline, id)).rejects.toMatchObject(refusal("FORBIDDEN"));
    await t.mutation(internal.serviceAccounts.setDisabled, { subject, disabled: false });
    await expect(call(pipeline, id)).resolves.toBeDefined();
  });

  test("with a token of a revoked generation is FORBIDDEN, with a newer one it is allowed", async () => {
    const { t, pipeline, id } = await startWithVideo();
    await t.mutation(internal.serviceAccounts.setMinGeneration, {
      subject: "raw-1",
      minGeneration: 2,
    });
    await expect(call(pipeline, id)).rejects.toMatchObject(refusal("FORBIDDEN"));
    await expect(call(t.withIdentity({ ...PIPELINE, gen: "2" }), id)).rejects.toMatchObject(
      refusal("FORBIDDEN"),
    );
    await expect(call(t.withIdentity({ ...PIPELINE, gen: 2 }), id)).resolves.toBeDefined();
  });
});

describe("scopes", () => {
  test.each(WRITES)("video:%s needs videos:write", async (_, call) => {
    const { t, id } = await startWithVideo();
    await expect(call(t.withIdentity(READ_ONLY), id)).rejects.toMatchObject({
      data: { code: "FORBIDDEN", scope: "videos:write" },
    });
    await expect(call(t.withIdentity(WRITE_ONLY), id)).resolves.toBeDefined();
  });

  test.each(READS)("video:%s needs videos:read", async (_, call) => {
    const { t, id } = await startWithVideo();
    await expect(call(t.withIdentity(WRITE_ONLY), id)).rejects.toMatchObject({
      data: { code: "FORBIDDEN", scope: "videos:read" },
    });
    await expect(call(t.withIdentity(READ_ONLY), id)).resolves.toBeDefined();
  });

  test("a longer word is not the scope", async () => {
    const { t } = await startWithVideo();
    const caller = t.withIdentity({ ...PIPELINE, scope: "videos:write2 xvideos:write" });
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
    const { t } = startBackend();
    vi.stubEnv("ALLOW_ANONYMOUS_PIPELINES", "true");
    await expect(createVideo(t.withIdentity(READ_ONLY))).rejects.toMatchObject(
      refusal("FORBIDDEN"),
    );
  });

  test.each(["false", "1", ""])("%j is off", async (value) => {
    const { t } = startBackend();
    vi.stubEnv("ALLOW_ANONYMOUS_PIPELINES", value);
    await expect(createVideo(t)).rejects.toMatchObject(refusal("UNAUTHENTICATED"));
  });

  test("anonymous can be disabled like any account", async () => {
    const { t } = startBackend();
    vi.stubEnv("ALLOW_ANONYMOUS_PIPELINES", "true");
    await t.mutation(internal.serviceAccounts.setDisabled, {
      subject: "anonymous",
      disabled: true,
    });
    await expect(createVideo(t)).rejects.toMatchObject(refusal("FORBIDDEN"));
  });
});

describe("service accounts", () => {
  test("a restriction changes one part and leaves the other", async () => {
    const { t } = startBackend();
    const subject = "raw-1";
    await t.mutation(internal.serviceAccounts.setMinGeneration, { subject, minGeneration: 3 });
    await t.mutation(internal.serviceAccounts.setDisabled, { subject, disabled: true });
    expect(await t.query(internal.serviceAccounts.list, {})).toEqual([
      { subject, disabled: true, minGeneration: 3 },
    ]);
  });

  test.each([-1, 1.5])("generation %d is refused", async (minGeneration) => {
    const { t } = startBackend();
    await expect(
      t.mutation(internal.serviceAccounts.setMinGeneration, { subject: "raw-1", minGeneration }),
    ).rejects.toMatchObject({ data: { code: "INVALID_ARGUMENT" } });
  });
});
