import { describe, expect, test } from "vitest";

import { api } from "../_generated/api";
import {
  type Caller,
  createVideo,
  eventsOf,
  startBackend,
  status,
  stored,
  TWITCH_ID,
} from "./testing.setup";

const RUN_1 = { id: "run-1", startedAt: 1000 };
const RUN_2 = { id: "run-2", startedAt: 2000 };
const twitchId = TWITCH_ID;

async function startWithStatuses(...statuses: Parameters<typeof status>[]) {
  const backend = startBackend();
  await createVideo(backend.pipeline);
  for (const args of statuses)
    await backend.pipeline.mutation(api.video.updateStatusByTwitchId, status(...args));
  return backend;
}

const rollBack = (caller: Caller, meta = {}) =>
  caller.mutation(api.video.rollbackStatus, { twitchId, ...meta });

describe("video:rollbackStatus", () => {
  test("goes back to the status before, and marks the undone event", async () => {
    const { t, pipeline } = await startWithStatuses(["Downloading"], ["Transcribing"]);
    const result = await rollBack(pipeline, { reason: "out of memory" });
    expect(result).toMatchObject({
      success: true,
      outcome: "applied",
      status: "Downloading",
      from: "Transcribing",
      to: "Downloading",
    });
    expect((await stored(t)).status).toBe("Downloading");
    const events = await eventsOf(pipeline);
    expect(events.map(({ kind, undone }) => [kind, undone])).toEqual([
      ["created", undefined],
      ["updated", undefined],
      ["updated", true],
      ["rolledBack", undefined],
    ]);
    expect(events[3]).toMatchObject({
      from: "Transcribing",
      to: "Downloading",
      reason: "out of memory",
      actor: "raw-1",
      applied: true,
    });
  });

  test("called again, it goes one further back, until nothing is left", async () => {
    const { t, pipeline } = await startWithStatuses(["Downloading"], ["Transcribing"]);
    await rollBack(pipeline);
    expect(await rollBack(pipeline)).toMatchObject({ from: "Downloading", to: "Queued" });
    const before = await stored(t);
    await expect(rollBack(pipeline)).rejects.toMatchObject({
      data: { code: "NOTHING_TO_ROLL_BACK", twitchId },
    });
    expect(await stored(t)).toEqual(before);
    expect(await eventsOf(pipeline)).toHaveLength(5);
  });

  test("what was rolled back can be done and rolled back anew", async () => {
    const { pipeline } = await startWithStatuses(["Downloading"], ["Transcribing"]);
    await rollBack(pipeline);
    await pipeline.mutation(api.video.updateStatusByTwitchId, status("Analyzing"));
    expect(await rollBack(pipeline)).toMatchObject({ from: "Analyzing", to: "Downloading" });
    expect(await rollBack(pipeline)).toMatchObject({ from: "Downloading", to: "Queued" });
  });

  test("never undoes what an earlier run did", async () => {
    const { pipeline } = await startWithStatuses(
      ["Downloading", { run: RUN_1 }],
      ["Failed", { run: RUN_1 }],
      ["Downloading", { run: RUN_2 }],
    );
    expect(await rollBack(pipeline, { run: RUN_2 })).toMatchObject({ to: "Failed" });
    await expect(rollBack(pipeline, { run: RUN_2 })).rejects.toMatchObject({
      data: { code: "NOTHING_TO_ROLL_BACK" },
    });
  });

  test("undoes a change that names no run as the current run's", async () => {
    const { pipeline } = await startWithStatuses(["Downloading", { run: RUN_1 }], ["Transcribing"]);
    expect(await rollBack(pipeline)).toMatchObject({ to: "Downloading" });
    expect(await rollBack(pipeline)).toMatchObject({ to: "Queued" });
  });

  test("of an older run is superseded, and restores nothing", async () => {
    const { t, pipeline } = await startWithStatuses(["Downloading", { run: RUN_2 }]);
    const before = await stored(t);
    const result = await rollBack(pipeline, { run: RUN_1, updateId: "r1" });
    expect(result).toMatchObject({ outcome: "superseded", status: "Downloading" });
    expect(result).not.toHaveProperty("to");
    expect(await stored(t)).toEqual(before);
    expect((await eventsOf(pipeline)).at(-1)).toMatchObject({ kind: "rolledBack", applied: false });
  });

  test("older than the status is superseded", async () => {
    const { pipeline } = await startWithStatuses(["Completed", { occurredAt: 200 }]);
    expect(await rollBack(pipeline, { occurredAt: 199 })).toMatchObject({
      outcome: "superseded",
      status: "Completed",
    });
  });

  test("sent twice with one updateId goes back once, and answers the same from and to", async () => {
    const { pipeline } = await startWithStatuses(["Downloading"], ["Transcribing"]);
    await rollBack(pipeline, { updateId: "r1" });
    expect(await rollBack(pipeline, { updateId: "r1" })).toMatchObject({
      outcome: "duplicate",
      status: "Downloading",
      from: "Transcribing",
      to: "Downloading",
    });
    await expect(rollBack(pipeline, { updateId: "r1", reason: "other" })).rejects.toMatchObject({
      data: { code: "UPDATE_ID_REUSED" },
    });
    await expect(
      pipeline.mutation(api.video.updateStatusByTwitchId, status("Failed", { updateId: "r1" })),
    ).rejects.toMatchObject({ data: { code: "UPDATE_ID_REUSED" } });
  });

  test("keeps the URLs", async () => {
    const { t, pipeline } = await startWithStatuses();
    const chatUrl = "https://cdn.example/chat.json";
    await pipeline.mutation(api.video.recordUpdates, {
      updates: [{ ...status("Transcribing"), urls: { chatUrl } }],
    });
    await rollBack(pipeline);
    expect(await stored(t)).toMatchObject({ status: "Queued", chatUrl });
  });

  test("out of Failed clears the failure; back into Failed restores it", async () => {
    const { t, pipeline } = await startWithStatuses(
      ["Transcribing"],
      ["Failed", { reason: "no GPU" }],
      ["Downloading"],
    );
    await rollBack(pipeline);
    expect(await stored(t)).toMatchObject({
      status: "Failed",
      failure: { during: "Transcribing", reason: "no GPU" },
    });
    await rollBack(pipeline);
    expect((await stored(t)).status).toBe("Transcribing");
    expect(await stored(t)).not.toHaveProperty("failure");
  });

  test("back into Completed sets progress to 100 again", async () => {
    const { t, pipeline } = await startWithStatuses(["Completed"], ["Downloading"]);
    await pipeline.mutation(api.video.reportProgress, { twitchId, percent: 3 });
    await rollBack(pipeline);
    const { _id } = await stored(t);
    expect(await pipeline.query(api.video.progressOf, { videoIds: [_id] })).toMatchObject([
      { percent: 100 },
    ]);
  });

  test("of an unknown video is VIDEO_NOT_FOUND", async () => {
    const { pipeline } = startBackend();
    await expect(rollBack(pipeline)).rejects.toMatchObject({
      data: { code: "VIDEO_NOT_FOUND", twitchId },
    });
  });

  test("that says which update it undoes, undoes that one", async () => {
    const { pipeline } = await startWithStatuses(["Downloading", { updateId: "u1" }]);
    expect(await rollBack(pipeline, { undoes: "u1" })).toMatchObject({
      ...{ outcome: "applied", from: "Downloading", to: "Queued" },
    });
  });

  test.each<[string, Parameters<typeof status>[]]>([
    ["was followed by another", [["Downloading", { updateId: "u1" }], ["Completed"]]],
    ["changed nothing", [["Completed"], ["Completed", { updateId: "u1" }]]],
    [
      "was superseded",
      [
        ["Completed", { occurredAt: 200 }],
        ["Downloading", { updateId: "u1", occurredAt: 100 }],
      ],
    ],
    ["nobody knows", [["Completed"]]],
    [
      "an earlier run made",
      [
        ["Downloading", { updateId: "u1", run: RUN_1 }],
        ["Completed", { run: RUN_2 }],
      ],
    ],
  ])("of an update that %s is superseded, and restores nothing", async (_, statuses) => {
    const { t, pipeline } = await startWithStatuses(...statuses);
    const before = await stored(t);
    const result = await rollBack(pipeline, { undoes: "u1", updateId: "r1" });
    expect(result).toMatchObject({ outcome: "superseded", status: "Completed" });
    expect(await stored(t)).toEqual(before);
    expect(await rollBack(pipeline, { undoes: "u1", updateId: "r1" })).toMatchObject({
      outcome: "duplicate",
    });
  });

  test("of an update that was undone already is superseded, not refused", async () => {
    const { t, pipeline } = await startWithStatuses(["Downloading", { updateId: "u1" }]);
    await rollBack(pipeline, { undoes: "u1" });
    expect(await rollBack(pipeline, { undoes: "u1" })).toMatchObject({ outcome: "superseded" });
    expect((await stored(t)).status).toBe("Queued");
  });
});
