import { statSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { createServiceAccountKey } from "../auth/serviceAccountKey.ts";
import { BackendUnavailableError, InvalidInputError, VideoNotFoundError } from "../errors.ts";
import type { LogLine } from "../testing/createTestManager.ts";
import { useDeployment } from "../testing/deployment.setup.ts";

const backend = useDeployment();
const { createManager, createVideo, eventsOf, issueKey } = backend;

describe("a manager with a service-account key", () => {
  it("records statuses and URLs as the key's subject, in order", async () => {
    const twitchId = await createVideo();
    const manager = createManager();
    expect(await manager.checkVideoExists(twitchId)).toBe(true);
    expect(await manager.updateVideoStatus(twitchId, "Downloading")).toMatchObject({
      outcome: "applied",
    });
    expect(await manager.updateVideoStatus(twitchId, "Downloading")).toMatchObject({
      outcome: "unchanged",
    });
    const chatUrl = "gs://bucket/chat.csv";
    await manager.updatePipelineProgress(twitchId, { status: "Transcribing", urls: { chatUrl } });
    expect(await manager.getVideo(twitchId)).toMatchObject({ status: "Transcribing", chatUrl });
    const events = await eventsOf(twitchId);
    expect(events.map(({ to }) => to)).toEqual(["Queued", "Downloading", "Transcribing"]);
    expect(new Set(events.map(({ actor }) => actor))).toEqual(new Set(["tests"]));
  });

  it("keeps its outbox for this user only", async () => {
    const manager = createManager();
    await manager.close();
    expect(statSync(backend.outboxPath()).mode & 0o777).toBe(0o600);
  });

  it("undoes a status with rollbackStatus", async () => {
    const twitchId = await createVideo();
    const manager = createManager();
    await manager.updateVideoStatus(twitchId, "Downloading");
    await manager.updateVideoStatus(twitchId, "Transcribing");
    expect(await manager.rollbackStatus(twitchId, { reason: "no disk" })).toMatchObject({
      outcome: "applied",
    });
    expect(await manager.getVideo(twitchId)).toMatchObject({ status: "Downloading" });
  });

  it("says rejected for a video that the backend does not know, and creates it when asked", async () => {
    const manager = createManager();
    const unknown = await manager.updateVideoStatus("999999", "Downloading");
    expect(!unknown.ok && unknown.error).toBeInstanceOf(VideoNotFoundError);
    expect(manager.stats()).toMatchObject({ deadLettered: 1, pending: 0 });
    const created = await manager.updateVideoStatus("999998", "Downloading", {
      createMissing: true,
    });
    expect(created.outcome).toBe("applied");
  });

  it("sends 200 updates of 20 videos in batches, in order per video", async () => {
    const twitchIds = await Promise.all(Array.from({ length: 20 }, createVideo));
    await backend.get().deployment.disconnect();
    const manager = createManager({ waitMs: 0 });
    const urlOf = (step: number) => `https://files.example/${step}.csv`;
    for (let step = 0; step < 10; step++)
      for (const twitchId of twitchIds)
        await manager.updateVideoUrls(twitchId, { chatUrl: urlOf(step) });
    await backend.get().deployment.reconnect();
    expect(await manager.flush()).toEqual({ delivered: true, pending: 0 });
    for (const twitchId of twitchIds) {
      const urls = (await eventsOf(twitchId)).flatMap((event) => event.urls?.chatUrl ?? []);
      expect(urls).toEqual(Array.from({ length: 10 }, (_, step) => urlOf(step)));
    }
  });

  it("applies an update once though its answer was cut after the commit", async () => {
    const twitchId = await createVideo();
    backend.get().deployment.faults.set([{ cut: "afterCommit", path: "/api/mutation", times: 2 }]);
    const manager = createManager();
    const first = await manager.updateVideoStatus(twitchId, "Downloading");
    expect(first).toMatchObject({ ok: true, outcome: "queued" });
    await manager.flush();
    expect(await eventsOf(twitchId)).toHaveLength(2);
    expect(manager.stats()).toMatchObject({ accepted: 1, acknowledged: 1, pending: 0 });
  });

  it("delivers after a restart what it had accepted before", async () => {
    const twitchId = await createVideo();
    await backend.get().deployment.disconnect();
    const before = createManager({ waitMs: 0 });
    expect(await before.updateVideoStatus(twitchId, "Downloading")).toMatchObject({
      outcome: "queued",
    });
    expect(await before.close({ timeoutMs: 0 })).toEqual({ delivered: false, pending: 1 });
    await backend.get().deployment.reconnect();
    const after = createManager();
    expect(await after.flush()).toEqual({ delivered: true, pending: 0 });
    expect(await after.getVideo(twitchId)).toMatchObject({ status: "Downloading" });
  });

  it("does not let an old run's outbox change a video that a newer run has completed", async () => {
    const twitchId = await createVideo();
    const offline = () => Promise.reject(new TypeError("fetch failed"));
    const laptop = createManager({ waitMs: 0 }, { fetch: offline });
    // An hour: of runs that start together, the backend cannot tell which is older if a request takes longer than what is between them.
    const old = { id: "old", startedAt: Date.now() - 3_600_000 };
    await laptop.startRun(twitchId, old).updateVideoStatus("Transcribing");
    await laptop.close({ timeoutMs: 0 });
    const worker = createManager({ outboxPath: backend.outboxPath("worker") });
    const { run } = worker.startRun(twitchId);
    // The replay happens long after the completion: only the fence stops it.
    const completed = { run: { ...run, startedAt: run.startedAt + 1 }, occurredAt: 1 };
    await worker.updateVideoStatus(twitchId, "Completed", { ...completed, occurredAt: undefined });
    await createManager().flush();
    expect(await worker.getVideo(twitchId)).toMatchObject({ status: "Completed" });
    const [last] = (await eventsOf(twitchId)).slice(-1);
    expect(last).toMatchObject({ to: "Transcribing", applied: false });
  });
});

describe("refused credentials", () => {
  it("stop delivery loudly once, lose nothing, and are tried again", async () => {
    const twitchId = await createVideo();
    const lines: LogLine[] = [];
    const write = (fields: object, message: string) =>
      void lines.push({ ...fields, message } as LogLine);
    const manager = createManager({
      apiKey: createServiceAccountKey("tests"),
      logger: { debug: write, info: write, warn: write, error: write },
    });
    for (const status of ["Downloading", "Transcribing"] as const)
      expect(await manager.updateVideoStatus(twitchId, status)).toMatchObject({
        outcome: "queued",
      });
    expect(lines.filter(({ event }) => event === "auth.refused")).toHaveLength(1);
    expect(manager.stats()).toMatchObject({ pending: 2, deadLettered: 0 });
    await manager.close({ timeoutMs: 0 });
    const mended = createManager();
    expect(await mended.flush()).toMatchObject({ delivered: true });
    expect(await mended.getVideo(twitchId)).toMatchObject({ status: "Transcribing" });
  });

  it("for want of a scope do the same", async () => {
    const twitchId = await createVideo();
    const manager = createManager({ apiKey: await issueKey("reader", ["videos:read"]) });
    expect(await manager.updateVideoStatus(twitchId, "Downloading")).toMatchObject({
      outcome: "queued",
    });
    expect(manager.stats()).toMatchObject({ pending: 1, deadLettered: 0 });
  });

  it("of one token are mended by a fresh one", async () => {
    const twitchId = await createVideo();
    let isSpoilt = false;
    const manager = createManager(
      {},
      {
        fetch: (input, init) => {
          const headers = new Headers(init?.headers);
          if (headers.has("authorization") && !isSpoilt) {
            isSpoilt = true;
            headers.set("authorization", `${headers.get("authorization") ?? ""}x`);
          }
          return fetch(input, { ...init, headers });
        },
      },
    );
    await manager.updateVideoStatus(twitchId, "Downloading");
    await manager.flush();
    expect(manager.stats()).toMatchObject({ acknowledged: 1, pending: 0, deadLettered: 0 });
  });
});

describe("checkVideoExists", () => {
  it("says false for an unknown video, and refuses an ID that is none", async () => {
    const manager = createManager();
    expect(await manager.checkVideoExists("424242")).toBe(false);
    await expect(manager.checkVideoExists("v1")).rejects.toThrow(InvalidInputError);
  });

  it("throws BackendUnavailableError when it cannot know", async () => {
    const twitchId = await createVideo();
    backend.get().deployment.faults.set([{ status: 400, body: '{"code":"Nope","message":"no"}' }]);
    await expect(createManager().checkVideoExists(twitchId)).rejects.toThrow(
      BackendUnavailableError,
    );
  });
});

describe("progress", () => {
  it("reaches the backend, and is no part of the books", async () => {
    const twitchId = await createVideo();
    const manager = createManager();
    manager.reportProgress(twitchId, 40, "chunk 4 of 10");
    await expect
      .poll(async () => {
        const { page } = await backend.get().integration.history(twitchId);
        return page.length;
      })
      .toBe(1);
    expect(manager.stats()).toMatchObject({ accepted: 0 });
  });
});
