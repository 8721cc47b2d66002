import { describe, expect, it } from "vitest";

import type { ManagerOptions } from "../config/options.ts";
import { VideoNotFoundError } from "../errors.ts";
import { useTestManagers } from "../testing/createTestManager.ts";
import { settle } from "../testing/VirtualClock.ts";

const createManager = useTestManagers();
const setUp = (options: ManagerOptions = {}) => createManager({ waitMs: 2000, ...options });

describe("an update", () => {
  it("resolves to the backend's outcome when it answers in time", async () => {
    const { manager } = setUp();
    const result = await manager.updateVideoStatus("1", "Downloading", { updateId: "u1" });
    expect(result).toEqual({
      ok: true,
      outcome: "applied",
      twitchId: "1",
      updateId: "u1",
      answer: { videoId: "v1", status: "Queued" },
    });
  });

  it("goes through its own function when it is alone", async () => {
    const { manager, backend } = setUp();
    await manager.updateVideoStatus("1", "Downloading");
    await manager.updateVideoUrls("1", { chatUrl: "https://x.example/c" });
    await manager.updatePipelineProgress("1", {
      status: "Completed",
      urls: { chatUrl: "https://x.example/c" },
    });
    await manager.rollbackStatus("1");
    expect(backend.requests.map(({ path }) => path)).toEqual([
      "video:updateStatusByTwitchId",
      "video:updateUrls",
      "video:recordUpdates",
      "video:rollbackStatus",
    ]);
  });

  it("of an unknown video is rejected and kept as a dead letter", async () => {
    const { manager, backend, store, url } = setUp();
    backend.unknown.add("2");
    const result = await manager.updateVideoStatus("2", "Downloading");
    expect(result).toMatchObject({ ok: false, outcome: "rejected" });
    expect(!result.ok && result.error).toBeInstanceOf(VideoNotFoundError);
    expect(store.deadLetters(url)).toMatchObject([{ refusal: { code: "VIDEO_NOT_FOUND" } }]);
  });

  it("creates its video with createMissing", async () => {
    const { manager, backend } = setUp({ createMissing: true });
    backend.unknown.add("2");
    expect(await manager.updateVideoStatus("2", "Downloading")).toMatchObject({
      outcome: "applied",
    });
    expect(backend.requests[0]).toMatchObject({
      path: "video:recordUpdates",
      args: { createMissing: true },
    });
  });

  it("that makes no sense is rejected without a request", async () => {
    const { manager, backend } = setUp();
    const result = await manager.updateVideoStatus("1", "banana" as "Queued");
    expect(result.outcome).toBe("rejected");
    expect(!result.ok && result.error.message).toContain('"Finding highlights"');
    expect(backend.requests).toEqual([]);
  });

  it("is queued once waitMs is over, and delivered later", async () => {
    const { manager, backend, clock } = setUp();
    backend.onRequest = (_request, count) => (count === 1 ? "hang" : undefined);
    const pending = manager.updateVideoStatus("1", "Downloading");
    await clock.advance(2000);
    expect(await pending).toMatchObject({ ok: true, outcome: "queued" });
    await clock.advance(20_000);
    expect(backend.applied).toHaveLength(1);
    expect(manager.stats()).toMatchObject({ accepted: 1, acknowledged: 1, pending: 0 });
  });

  it("does not wait while the backend is known to be away", async () => {
    const { manager, backend } = setUp();
    backend.onRequest = () => "refuse";
    expect(await manager.updateVideoStatus("1", "Downloading")).toMatchObject({
      outcome: "queued",
    });
    // The clock stands still: a wait would never end.
    expect(await manager.updateVideoStatus("1", "Transcribing")).toMatchObject({
      outcome: "queued",
    });
  });

  it("holds the caller up for one waitMs at most when the backend hangs", async () => {
    const { manager, backend, clock } = setUp();
    backend.onRequest = () => "hang";
    const first = manager.updateVideoStatus("1", "Downloading");
    await clock.advance(2000);
    await first;
    expect(await manager.updateVideoStatus("1", "Transcribing")).toMatchObject({
      outcome: "queued",
    });
  });

  it("is sent with its source, its number there and its age, and with no time of this machine's clock", async () => {
    const { manager, backend, store, clock } = setUp({ waitMs: 0 });
    let isAway = true;
    backend.onRequest = () => (isAway ? "refuse" : undefined);
    await manager.updateVideoStatus("1", "Downloading");
    await settle();
    const occurredAt = clock.now() - 60_000;
    await manager.updateVideoStatus("1", "Transcribing", { occurredAt });
    isAway = false;
    clock.jump(-3_600_000);
    await clock.advance(10_000);
    const sent = backend.requests.flatMap(
      ({ args }) => (args.updates as object[] | undefined) ?? [args],
    );
    const source = { id: store.sourceId, sequence: 2 };
    expect(sent.at(-1)).toMatchObject({ status: "Transcribing", source });
    expect((sent.at(-1) as { ageMs: number }).ageMs).toBeGreaterThan(60_000);
    expect((sent.at(-1) as { ageMs: number }).ageMs).toBeLessThan(70_000);
    for (const update of sent) expect(update).not.toHaveProperty("occurredAt");
  });
});

describe("a closed manager", () => {
  it("rejects updates with MANAGER_CLOSED", async () => {
    const { manager, close } = setUp();
    await close();
    const result = await manager.updateVideoStatus("1", "Downloading");
    expect(!result.ok && result.error.code).toBe("MANAGER_CLOSED");
  });
});

describe("reportProgress", () => {
  it("sends at most one report per video and second, the newest", async () => {
    const { manager, backend, clock } = setUp();
    for (let percent = 0; percent <= 50; percent++) manager.reportProgress("1", percent);
    await settle();
    await clock.advance(1000);
    expect(backend.requests.map(({ args }) => args.percent)).toEqual([0, 50]);
  });
});
