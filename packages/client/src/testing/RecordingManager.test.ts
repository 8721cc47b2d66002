import { describe, expect, it } from "vitest";

import { VideoNotFoundError } from "../errors.ts";
import { RecordingManager } from "./RecordingManager.ts";

describe("RecordingManager", () => {
  it("records calls and plays them on a model of the backend", async () => {
    const manager = new RecordingManager(["1"]);
    expect(await manager.checkVideoExists("1")).toBe(true);
    expect(await manager.checkVideoExists("2")).toBe(false);
    await manager.updateVideoStatus("1", "Downloading");
    await manager.updatePipelineProgress("1", {
      status: "Transcribing",
      urls: { chatUrl: "gs://b/c" },
    });
    await manager.rollbackStatus("1");
    manager.reportProgress("1", 30);
    expect(manager.statusesOf("1")).toEqual(["Downloading", "Transcribing"]);
    expect(manager.videoOf("1")).toMatchObject({ status: "Downloading", chatUrl: "gs://b/c" });
    expect(manager.calls.map(({ kind }) => kind)).toEqual([
      "update",
      "update",
      "rollback",
      "progress",
    ]);
    expect(await manager.flush()).toEqual({ delivered: true, pending: 0 });
  });

  it("refuses what the real one refuses", async () => {
    const manager = new RecordingManager();
    const unknown = await manager.updateVideoStatus("1", "Downloading");
    expect(!unknown.ok && unknown.error).toBeInstanceOf(VideoNotFoundError);
    const invalid = await manager.updateVideoUrls("1", {});
    expect(!invalid.ok && invalid.error.code).toBe("INVALID_ARGUMENT");
    const created = await manager.updateVideoStatus("1", "Downloading", { createMissing: true });
    expect(created.outcome).toBe("applied");
  });

  it("runs stages as the real one does", async () => {
    const manager = new RecordingManager(["1"]);
    const stage = manager
      .startRun("1")
      .runStage("Transcribing", () => Promise.reject(new Error("no")));
    await expect(stage).rejects.toThrow("no");
    expect(manager.videoOf("1")?.status).toBe("Queued");
  });
});
