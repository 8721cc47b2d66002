import { describe, expect, it } from "vitest";

import { BackendUnavailableError, InvalidInputError, RequestRefusedError } from "../errors.ts";
import { FakeBackend } from "../testing/FakeBackend.ts";
import { VirtualClock } from "../testing/VirtualClock.ts";
import { CALL_DEADLINE_MS, ConvexIntegration } from "./ConvexIntegration.ts";

function setUp(tokenSource?: () => Promise<string>) {
  const backend = new FakeBackend();
  const clock = new VirtualClock();
  const integration = new ConvexIntegration(
    {
      url: "https://test.example",
      logLevel: "silent",
      ...(tokenSource && { tokenSource }),
    },
    { clock, random: () => 0, fetch: backend.fetch, place: { env: {}, cwd: "/nonexistent" } },
  );
  return { backend, clock, integration };
}

describe("a write", () => {
  it("is one update over all its attempts", async () => {
    const { backend, clock, integration } = setUp();
    backend.onRequest = (_request, count) => (count <= 2 ? "cutAfterCommit" : undefined);
    const result = integration.updateStatusByTwitchId("1", "Downloading");
    await clock.advance(5000);
    expect(await result).toMatchObject({ outcome: "duplicate" });
    expect(new Set(backend.requests.map(({ args }) => args.updateId)).size).toBe(1);
    expect(backend.applied).toHaveLength(1);
  });

  it.each([
    ["updateTranscriptUrl", "transcriptUrl"],
    ["updateChatUrl", "chatUrl"],
    ["updateAudiowaveUrl", "audiowaveUrl"],
    ["updateTranscriptAnalysisUrl", "transcriptAnalysisUrl"],
    ["updateTranscriptWordUrl", "transcriptWordUrl"],
  ] as const)("%s sets %s", async (method, field) => {
    const { backend, integration } = setUp();
    await integration[method]("1", "gs://bucket/file");
    expect(backend.requests[0]).toMatchObject({
      path: "video:updateUrls",
      args: { urls: { [field]: "gs://bucket/file" } },
    });
  });

  it("that makes no sense throws before anything is sent", async () => {
    const { backend, integration } = setUp();
    await expect(integration.updateChatUrl("1", "ftp://host/file")).rejects.toThrow(
      InvalidInputError,
    );
    await expect(integration.updateStatusByTwitchId("v1", "Queued")).rejects.toThrow(
      InvalidInputError,
    );
    await expect(integration.createVideo("1", { title: "" })).rejects.toThrow(InvalidInputError);
    expect(backend.requests).toEqual([]);
  });

  it("that is refused for good is not tried again", async () => {
    const { backend, integration } = setUp();
    backend.onRequest = () => ({ status: 400, body: '{"code":"BadArgs","message":"no"}' });
    await expect(integration.updateStatusByTwitchId("1", "Queued")).rejects.toThrow(
      RequestRefusedError,
    );
    expect(backend.requests).toHaveLength(1);
  });
});

describe("every call", () => {
  it("gives up at its deadline with what stood in the way", async () => {
    const { backend, clock, integration } = setUp();
    backend.onRequest = () => "refuse";
    const thrown = expect(integration.getVideo("1")).rejects.toThrow(BackendUnavailableError);
    await clock.advance(CALL_DEADLINE_MS);
    await thrown;
    expect(backend.requests.length).toBeGreaterThan(4);
  });

  it("refreshes a refused token once, at once", async () => {
    let count = 0;
    const { backend, clock, integration } = setUp(() => Promise.resolve(`opaque-${count++}`));
    backend.onRequest = (_request, request) =>
      request === 1 ? { status: 401, body: "{}" } : undefined;
    const video = integration.getVideo("1");
    await clock.advance(1);
    expect(await video).toBeNull();
    expect(backend.requests).toHaveLength(2);
  });
});
