import { describe, expect, test } from "vitest";

import { api } from "../_generated/api";
import { eventsOf, startBackend, startWithVideo, status, stored, TWITCH_ID } from "./testing.setup";

const URL_A = "https://cdn.example/a.json";

describe("video:recordUpdates", () => {
  test("one bad update does not stop the others", async () => {
    const { pipeline } = await startWithVideo();
    const results = await pipeline.mutation(api.video.recordUpdates, {
      updates: [
        status("Downloading", { updateId: "u1" }),
        { twitchId: TWITCH_ID, status: "banana" as "Queued" },
        { twitchId: TWITCH_ID },
        { twitchId: "404", status: "Queued" },
        { twitchId: TWITCH_ID, urls: { chatUrl: "ftp://x/y" } },
        status("Transcribing", { updateId: "u1" }),
        status("Transcribing", { updateId: "u2" }),
      ],
    });
    expect(results.map((result) => (result.success ? result.outcome : result.code))).toEqual([
      "applied",
      "INVALID_ARGUMENT",
      "INVALID_ARGUMENT",
      "VIDEO_NOT_FOUND",
      "INVALID_ARGUMENT",
      "UPDATE_ID_REUSED",
      "applied",
    ]);
    expect(await eventsOf(pipeline)).toHaveLength(3);
  });

  test("two updates of one video apply in array order", async () => {
    const { pipeline } = await startWithVideo();
    const results = await pipeline.mutation(api.video.recordUpdates, {
      updates: [
        status("Downloading", { updateId: "u1", occurredAt: 100 }),
        status("Downloading", { updateId: "u1", occurredAt: 100 }),
        status("Transcribing", { occurredAt: 100 }),
      ],
    });
    expect(results.map((result) => result.success && result.outcome)).toEqual([
      "applied",
      "duplicate",
      "applied",
    ]);
  });

  test("the events of one batch are numbered on from those before it", async () => {
    const { t, pipeline } = await startWithVideo();
    for (const batch of [0, 1])
      await pipeline.mutation(api.video.recordUpdates, {
        updates: [1, 2, 3].map((index) => ({
          twitchId: TWITCH_ID,
          urls: { chatUrl: `gs://b/${batch}-${index}` },
        })),
      });
    const events = await t.run((ctx) => ctx.db.query("videoEvents").collect());
    expect(events.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  test("createMissing creates an unknown video with its first update, however old that is", async () => {
    const { t, pipeline } = startBackend();
    const results = await pipeline.mutation(api.video.recordUpdates, {
      createMissing: true,
      updates: [
        status("Queued", { updateId: "u1", occurredAt: 100 }),
        status("Queued", { updateId: "u1", occurredAt: 100 }),
        status("Downloading", { occurredAt: 99 }),
        { twitchId: "8", urls: { chatUrl: URL_A }, occurredAt: 100 },
      ],
    });
    expect(results.map((result) => result.success && result.outcome)).toEqual([
      "applied",
      "duplicate",
      "superseded",
      "applied",
    ]);
    expect(await stored(t)).toMatchObject({ status: "Queued", statusChangedAt: 100 });
    expect(await stored(t, "8")).toMatchObject({ status: "Queued", chatUrl: URL_A });
    expect((await eventsOf(pipeline)).map((event) => event.kind)).toEqual([
      "created",
      "updated",
      "updated",
    ]);
  });

  test.each([0, 101])("%d updates at once are refused", async (count) => {
    const { pipeline } = startBackend();
    const updates = Array.from({ length: count }, () => status("Queued"));
    await expect(pipeline.mutation(api.video.recordUpdates, { updates })).rejects.toMatchObject({
      data: { code: "INVALID_ARGUMENT", issues: [{ path: "updates" }] },
    });
  });
});
