import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { RecordingManager } from "@klipstream/client/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { ArtifactStore } from "../artifacts/artifactStore.ts";
import type { Notice } from "../notices.ts";
import { failOnce } from "./failOnce.ts";
import { reportStatus, runStages, type StageRunner } from "./runStages.ts";
import type { Stage } from "./stage.ts";

const TWITCH_ID = "123";
let folder: string;
let manager: RecordingManager;
let notices: Notice[];
let runner: StageRunner;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "klipstream-stages-"));
  manager = new RecordingManager([TWITCH_ID]);
  notices = [];
  runner = {
    run: manager.startRun(TWITCH_ID),
    store: new ArtifactStore(folder, "http://localhost:1"),
    notify: (notice) => notices.push(notice),
  };
});
afterEach(() => rm(folder, { recursive: true }));

const idle: Stage = { status: "Downloading", work: () => Promise.resolve() };

describe("runStages", () => {
  it("reports each stage's status in order, and each artifact once it is written", async () => {
    const stages: Stage[] = [
      idle,
      { status: "Fetching chat", work: ({ publish }) => publish("chatUrl", "a,b\n") },
    ];

    await runStages(stages, runner);
    await reportStatus("Completed", runner);

    expect(manager.statusesOf(TWITCH_ID)).toEqual(["Downloading", "Fetching chat", "Completed"]);
    expect(manager.videoOf(TWITCH_ID)).toMatchObject({
      status: "Completed",
      chatUrl: "http://localhost:1/123/chat.csv",
    });
    expect(await runner.store.read(TWITCH_ID, "chatUrl")).toBe("a,b\n");
    expect(notices.map(({ kind }) => kind)).toEqual([
      "stageStarted",
      "updateHandedOver",
      "stageStarted",
      "updateHandedOver",
      "artifactWritten",
      "updateHandedOver",
      "updateHandedOver",
    ]);
  });

  it("a stage that fails once is rolled back and done again", async () => {
    await runStages(failOnce([idle, { ...idle, status: "Transcribing" }], "Transcribing"), runner);

    expect(manager.calls.map(({ kind }) => kind)).toContain("rollback");
    expect(manager.statusesOf(TWITCH_ID)).toEqual(["Downloading", "Transcribing", "Transcribing"]);
    expect(manager.videoOf(TWITCH_ID)).toMatchObject({ status: "Transcribing" });
    expect(notices).toContainEqual({
      kind: "stageFailed",
      status: "Transcribing",
      reason: "Transcribing fails once, as PIPELINE_FAIL_ONCE says",
      willRetry: true,
    });
  });

  it("a stage that fails twice makes the video Failed, and no later stage begins", async () => {
    const broken: Stage = {
      status: "Fetching chat",
      work: () => Promise.reject(new Error("the disk is full")),
    };

    await expect(runStages([idle, broken, idle], runner)).rejects.toThrow("the disk is full");

    expect(manager.videoOf(TWITCH_ID)).toMatchObject({ status: "Failed" });
    expect(manager.statusesOf(TWITCH_ID)).toEqual([
      "Downloading",
      "Fetching chat",
      "Fetching chat",
      "Failed",
    ]);
  });

  it("a refused update is told, and does not stop the work", async () => {
    const other = { ...runner, run: new RecordingManager().startRun("456") };
    await runStages([{ ...idle, work: ({ publish }) => publish("chatUrl", "x") }], other);
    const outcomes = notices.flatMap((notice) =>
      notice.kind === "updateHandedOver" ? [notice.outcome] : [],
    );
    expect(outcomes).toEqual(["rejected", "rejected"]);
  });
});
