import { VIDEO_STATUSES } from "@klipstream/contract";
import { describe, expect, test } from "vitest";

import { api } from "../_generated/api";
import {
  createVideo,
  eventsOf,
  startBackend,
  startWithVideo,
  status,
  stored,
  TWITCH_ID,
} from "./testing.setup";

const URL_A = "https://cdn.example/a.json";
const URL_B = "https://cdn.example/b.json";
const OLD_RUN = { id: "run-1", startedAt: 1000 };
const NEW_RUN = { id: "run-2", startedAt: 2000 };

describe("rule 1: once", () => {
  test("an updateId seen before changes nothing and is a duplicate", async () => {
    const { t, pipeline } = await startWithVideo();
    const update = status("Downloading", { updateId: "u1", occurredAt: 100 });
    await pipeline.mutation(api.video.updateStatusByTwitchId, update);
    await pipeline.mutation(api.video.updateStatusByTwitchId, status("Transcribing"));
    const before = await stored(t);
    const again = await pipeline.mutation(api.video.updateStatusByTwitchId, update);
    expect(again).toMatchObject({ success: true, outcome: "duplicate", status: "Transcribing" });
    expect(await stored(t)).toEqual(before);
    expect(await eventsOf(pipeline)).toHaveLength(3);
  });

  test("a superseded update is a duplicate the second time, too", async () => {
    const { pipeline } = await startWithVideo();
    await pipeline.mutation(
      api.video.updateStatusByTwitchId,
      status("Completed", { occurredAt: 200 }),
    );
    const late = status("Downloading", { updateId: "u1", occurredAt: 100 });
    expect(await pipeline.mutation(api.video.updateStatusByTwitchId, late)).toMatchObject({
      outcome: "superseded",
    });
    expect(await pipeline.mutation(api.video.updateStatusByTwitchId, late)).toMatchObject({
      outcome: "duplicate",
    });
  });

  test.each([
    ["another status", status("Transcribing", { updateId: "u1" })],
    ["another reason", status("Downloading", { updateId: "u1", reason: "again" })],
    ["another run", status("Downloading", { updateId: "u1", run: NEW_RUN })],
    ["another video", { ...status("Downloading", { updateId: "u1" }), twitchId: "7" }],
    ["an unknown video", { ...status("Downloading", { updateId: "u1" }), twitchId: "8" }],
  ])("the same updateId with %s is refused as UPDATE_ID_REUSED", async (_, update) => {
    const { pipeline } = await startWithVideo();
    await createVideo(pipeline, "7");
    await pipeline.mutation(
      api.video.updateStatusByTwitchId,
      status("Downloading", { updateId: "u1" }),
    );
    await expect(pipeline.mutation(api.video.updateStatusByTwitchId, update)).rejects.toMatchObject(
      { data: { code: "UPDATE_ID_REUSED" } },
    );
  });

  test("the same URLs in another order, at another time, are the same update", async () => {
    const { pipeline } = await startWithVideo();
    const first = { twitchId: TWITCH_ID, updateId: "u1", occurredAt: 100 };
    await pipeline.mutation(api.video.updateUrls, {
      ...first,
      urls: { chatUrl: URL_A, transcriptUrl: URL_B },
    });
    const again = await pipeline.mutation(api.video.updateUrls, {
      ...first,
      occurredAt: 101,
      urls: { transcriptUrl: URL_B, chatUrl: URL_A },
    });
    expect(again.outcome).toBe("duplicate");
  });

  test("an update by _id and the same one by Twitch ID are one update", async () => {
    const { pipeline } = startBackend();
    const id = await createVideo(pipeline);
    await pipeline.mutation(api.video.updateStatus, {
      id,
      status: "Downloading",
      updateId: "u1",
    });
    const again = await pipeline.mutation(
      api.video.updateStatusByTwitchId,
      status("Downloading", { updateId: "u1" }),
    );
    expect(again.outcome).toBe("duplicate");
  });
});

describe("rule 2: fenced", () => {
  test("an update of an older run is superseded and kept as an event", async () => {
    const { t, pipeline } = await startWithVideo();
    await pipeline.mutation(
      api.video.updateStatusByTwitchId,
      status("Downloading", { run: NEW_RUN }),
    );
    const before = await stored(t);
    const late = await pipeline.mutation(
      api.video.updateStatusByTwitchId,
      status("Completed", { run: OLD_RUN }),
    );
    expect(late).toMatchObject({ success: true, outcome: "superseded", status: "Downloading" });
    expect(await stored(t)).toEqual(before);
    const event = (await eventsOf(pipeline)).at(-1);
    expect(event).toMatchObject({ applied: false, to: "Completed", run: OLD_RUN });
    expect(event).not.toHaveProperty("from");
  });

  test("a newer run becomes the video's run, also where it only repeats the status", async () => {
    const { t, pipeline } = await startWithVideo();
    await pipeline.mutation(
      api.video.updateStatusByTwitchId,
      status("Downloading", { run: OLD_RUN }),
    );
    const repeat = await pipeline.mutation(
      api.video.updateStatusByTwitchId,
      status("Downloading", { run: NEW_RUN }),
    );
    expect(repeat.outcome).toBe("applied");
    expect((await stored(t)).run).toEqual(NEW_RUN);
  });

  test("a newer run becomes the video's run, also where its status comes too late", async () => {
    const { t, pipeline } = await startWithVideo();
    await pipeline.mutation(
      api.video.updateStatusByTwitchId,
      status("Transcribing", { occurredAt: 500 }),
    );
    const late = await pipeline.mutation(
      api.video.updateStatusByTwitchId,
      status("Downloading", { occurredAt: 400, run: NEW_RUN }),
    );
    expect(late.outcome).toBe("superseded");
    expect(await stored(t)).toMatchObject({ status: "Transcribing", run: NEW_RUN });
  });

  test("an update without a run is not fenced", async () => {
    const { t, pipeline } = await startWithVideo();
    await pipeline.mutation(
      api.video.updateStatusByTwitchId,
      status("Downloading", { run: NEW_RUN }),
    );
    await pipeline.mutation(api.video.updateStatusByTwitchId, status("Completed"));
    expect(await stored(t)).toMatchObject({ status: "Completed", run: NEW_RUN });
  });
});

describe("rule 3: in order", () => {
  test("a status older than the video's is superseded; one of the same moment is not", async () => {
    const { t, pipeline } = await startWithVideo();
    await pipeline.mutation(
      api.video.updateStatusByTwitchId,
      status("Transcribing", { occurredAt: 200 }),
    );
    expect(
      await pipeline.mutation(
        api.video.updateStatusByTwitchId,
        status("Downloading", { occurredAt: 199 }),
      ),
    ).toMatchObject({ outcome: "superseded", status: "Transcribing" });
    expect(
      await pipeline.mutation(
        api.video.updateStatusByTwitchId,
        status("Analyzing", { occurredAt: 200 }),
      ),
    ).toMatchObject({ outcome: "applied", status: "Analyzing" });
    expect((await stored(t)).statusChangedAt).toBe(200);
  });

  test("each URL has an order of its own", async () => {
    const { t, pipeline } = await startWithVideo();
    const twitchId = TWITCH_ID;
    await pipeline.mutation(api.video.updateUrls, {
      twitchId,
      urls: { chatUrl: URL_B },
      occurredAt: 200,
    });
    const mixed = await pipeline.mutation(api.video.updateUrls, {
      twitchId,
      urls: { chatUrl: URL_A, transcriptUrl: URL_A },
      occurredAt: 100,
    });
    expect(mixed.outcome).toBe("applied");
    expect(await stored(t)).toMatchObject({
      chatUrl: URL_B,
      transcriptUrl: URL_A,
      marks: { chatUrl: { at: 200 }, transcriptUrl: { at: 100 } },
    });
  });

  test("a URL is applied where the status beside it comes too late", async () => {
    const { pipeline } = await startWithVideo();
    await pipeline.mutation(
      api.video.updateStatusByTwitchId,
      status("Completed", { occurredAt: 200 }),
    );
    const [mixed] = await pipeline.mutation(api.video.recordUpdates, {
      updates: [status("Transcribing", { urls: { chatUrl: URL_A }, occurredAt: 100 })],
    });
    expect(mixed).toMatchObject({ outcome: "applied", status: "Completed" });
    expect(
      await pipeline.query(api.video.getByTwitchIdPublic, { twitchId: TWITCH_ID }),
    ).toMatchObject({ status: "Completed", chatUrl: URL_A });
  });

  test("occurredAt is never ahead of the server's clock, which stands in where it is absent", async () => {
    const { t, pipeline } = await startWithVideo();
    const before = Date.now();
    await pipeline.mutation(
      api.video.updateStatusByTwitchId,
      status("Downloading", { occurredAt: before + 1_000_000 }),
    );
    const capped = (await stored(t)).statusChangedAt;
    expect(capped).toBeGreaterThanOrEqual(before);
    expect(capped).toBeLessThanOrEqual(Date.now());
    const next = await pipeline.mutation(api.video.updateStatusByTwitchId, status("Transcribing"));
    expect(next.outcome).toBe("applied");
  });

  test("the Queued of a creation is older than any report", async () => {
    const { pipeline } = await startWithVideo();
    const first = await pipeline.mutation(
      api.video.updateStatusByTwitchId,
      status("Downloading", { occurredAt: 100 }),
    );
    expect(first.outcome).toBe("applied");
  });
});

describe("rule 4: no-op", () => {
  test("an update that repeats what is stored is unchanged and writes nothing", async () => {
    const { t, pipeline } = await startWithVideo();
    const update = {
      ...status("Downloading", { run: NEW_RUN, occurredAt: 100 }),
      urls: { chatUrl: URL_A },
    };
    await pipeline.mutation(api.video.recordUpdates, { updates: [update] });
    const before = await stored(t);
    const again = await pipeline.mutation(api.video.recordUpdates, {
      updates: [{ ...update, occurredAt: 200, updateId: "u1" }],
    });
    expect(again).toMatchObject([{ success: true, outcome: "unchanged" }]);
    expect(await stored(t)).toEqual(before);
    expect(await eventsOf(pipeline)).toHaveLength(2);
  });

  test("Queued on a video that was just created is unchanged", async () => {
    const { pipeline } = await startWithVideo();
    const result = await pipeline.mutation(api.video.updateStatusByTwitchId, status("Queued"));
    expect(result.outcome).toBe("unchanged");
  });
});

describe("rule 5: applied", () => {
  test("an applied update is one event, with its actor", async () => {
    const { pipeline } = await startWithVideo();
    await pipeline.mutation(
      api.video.updateStatusByTwitchId,
      status("Downloading", { updateId: "u1", reason: "go", occurredAt: 100, run: NEW_RUN }),
    );
    const events = await eventsOf(pipeline);
    expect(events).toHaveLength(2);
    expect(events[1]).toEqual({
      _id: expect.any(String) as string,
      receivedAt: expect.any(Number) as number,
      kind: "updated",
      updateId: "u1",
      from: "Queued",
      to: "Downloading",
      reason: "go",
      occurredAt: 100,
      run: NEW_RUN,
      actor: "raw-1",
      applied: true,
    });
  });

  test("any status may follow any other", async () => {
    const { pipeline } = await startWithVideo();
    for (const from of VIDEO_STATUSES)
      for (const to of VIDEO_STATUSES) {
        await pipeline.mutation(api.video.updateStatusByTwitchId, status(from));
        const result = await pipeline.mutation(api.video.updateStatusByTwitchId, status(to));
        expect(result).toMatchObject({
          status: to,
          outcome: from === to ? "unchanged" : "applied",
        });
      }
  });

  test("Failed records what failed, and leaving Failed clears it", async () => {
    const { t, pipeline } = await startWithVideo();
    await pipeline.mutation(api.video.updateStatusByTwitchId, status("Transcribing"));
    await pipeline.mutation(
      api.video.updateStatusByTwitchId,
      status("Failed", { reason: "no GPU" }),
    );
    const { failure, statusChangedAt } = await stored(t);
    expect(failure).toEqual({ during: "Transcribing", reason: "no GPU", at: statusChangedAt });
    await pipeline.mutation(api.video.updateStatusByTwitchId, status("Transcribing"));
    expect(await stored(t)).not.toHaveProperty("failure");
  });

  test("Completed sets progress to 100", async () => {
    const { pipeline } = startBackend();
    const id = await createVideo(pipeline);
    const twitchId = TWITCH_ID;
    await pipeline.mutation(api.video.reportProgress, { twitchId, percent: 40, message: "half" });
    await pipeline.mutation(api.video.updateStatusByTwitchId, status("Completed"));
    const [progress] = await pipeline.query(api.video.progressOf, { videoIds: [id] });
    expect(progress).toMatchObject({ videoId: id, percent: 100 });
    expect(progress).not.toHaveProperty("message");
  });
});
