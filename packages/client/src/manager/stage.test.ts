import { describe, expect, it } from "vitest";

import { useDeployment } from "../testing/deployment.setup.ts";

const backend = useDeployment();
const { createManager, createVideo, eventsOf } = backend;

describe("a stage", () => {
  it("rolls the status back when a stage throws, and rethrows", async () => {
    const twitchId = await createVideo();
    const run = createManager().startRun(twitchId);
    await run.updateVideoStatus("Downloading");
    const stage = run.runStage("Transcribing", () => Promise.reject(new Error("out of memory")));
    await expect(stage).rejects.toThrow("out of memory");
    const [last] = (await eventsOf(twitchId)).slice(-1);
    expect(last).toMatchObject({ kind: "rolledBack", to: "Downloading", reason: "out of memory" });
  });

  it("marks a video as failed when a stage throws and it is told to", async () => {
    const twitchId = await createVideo();
    const manager = createManager();
    const work = () => Promise.reject(new Error("no audio"));
    const stage = manager.runStage(twitchId, "Transcribing", work, { onFailure: "markFailed" });
    await expect(stage).rejects.toThrow("no audio");
    expect(await manager.getVideo(twitchId)).toMatchObject({ status: "Failed" });
  });

  it("undoes nothing that another machine has set since the stage began", async () => {
    const twitchId = await createVideo();
    const other = createManager({ outboxPath: backend.outboxPath("other-machine") });
    const stage = createManager().runStage(twitchId, "Transcribing", async ({ begun }) => {
      expect(begun.outcome).toBe("applied");
      await other.updateVideoStatus(twitchId, "Completed");
      throw new Error("out of memory");
    });
    await expect(stage).rejects.toThrow("out of memory");
    expect(await other.getVideo(twitchId)).toMatchObject({ status: "Completed" });
  });

  it("undoes nothing where the stage's own status came too late", async () => {
    const twitchId = await createVideo();
    let isOffline = true;
    const laptop = createManager(
      { waitMs: 0 },
      {
        fetch: (input, init) =>
          isOffline ? Promise.reject(new TypeError("fetch failed")) : fetch(input, init),
      },
    );
    const other = createManager({ outboxPath: backend.outboxPath("faster-machine") });
    const stage = laptop.runStage(twitchId, "Transcribing", async ({ begun }) => {
      expect(begun.outcome).toBe("queued");
      for (const status of ["Analyzing", "Completed"] as const)
        await other.updateVideoStatus(twitchId, status);
      throw new Error("out of memory");
    });
    await expect(stage).rejects.toThrow("out of memory");
    isOffline = false;
    expect(await laptop.flush()).toMatchObject({ delivered: true });
    expect(laptop.stats()).toMatchObject({ acknowledged: 2, deadLettered: 0 });
    expect(await other.getVideo(twitchId)).toMatchObject({ status: "Completed" });
  });

  it("undoes a stage's own status that was still on its way when the work failed", async () => {
    const twitchId = await createVideo();
    await createManager().updateVideoStatus(twitchId, "Downloading");
    await backend.get().deployment.disconnect();
    const manager = createManager({ waitMs: 0 });
    const stage = manager.runStage(twitchId, "Transcribing", () => Promise.reject(new Error("no")));
    await expect(stage).rejects.toThrow("no");
    await backend.get().deployment.reconnect();
    await manager.flush();
    expect(await manager.getVideo(twitchId)).toMatchObject({ status: "Downloading" });
    const [last] = (await eventsOf(twitchId)).slice(-1);
    expect(last).toMatchObject({ kind: "rolledBack", from: "Transcribing" });
  });
});
