import { ARTIFACT_URL_FIELDS, VIDEO_STATUSES } from "@klipstream/contract";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { api } from "../_generated/api";
import { createVideo, eventsOf, startBackend, status, stored, TWITCH_ID } from "./testing.setup";

const twitchId = TWITCH_ID;
const long = (length: number) => "x".repeat(length);

async function startWithVideo() {
  const backend = startBackend();
  return { ...backend, id: await createVideo(backend.pipeline) };
}
type Started = Awaited<ReturnType<typeof startWithVideo>>;

const update =
  (args: object) =>
  ({ pipeline }: Started) =>
    pipeline.mutation(api.video.updateStatusByTwitchId, {
      ...status("Downloading"),
      ...args,
    });
const urls =
  (value: object) =>
  ({ pipeline }: Started) =>
    pipeline.mutation(api.video.updateUrls, { twitchId, urls: value });

const REFUSED: [string, (started: Started) => Promise<unknown>, string][] = [
  ["a status that is none", update({ status: "banana" }), "status"],
  ["an empty Twitch ID", update({ twitchId: "" }), "twitchId"],
  ["a Twitch ID with letters", update({ twitchId: "v123" }), "twitchId"],
  ["a Twitch ID of 21 digits", update({ twitchId: "1".repeat(21) }), "twitchId"],
  ["an empty updateId", update({ updateId: "" }), "updateId"],
  ["a long updateId", update({ updateId: long(129) }), "updateId"],
  ["a negative time", update({ occurredAt: -1 }), "occurredAt"],
  ["a time that is no number", update({ occurredAt: Number.NaN }), "occurredAt"],
  ["an endless time", update({ occurredAt: Number.POSITIVE_INFINITY }), "occurredAt"],
  ["a long reason", update({ reason: long(1001) }), "reason"],
  ["a run without a name", update({ run: { id: "", startedAt: 1 } }), "run.id"],
  ["a negative age", update({ ageMs: -1 }), "ageMs"],
  ["an age of more than three centuries", update({ ageMs: 1e13 + 2 }), "ageMs"],
  ["an age that is no number", update({ ageMs: Number.NaN }), "ageMs"],
  ["a run that starts in the future", update({ run: { id: "r", ageMs: -1 } }), "run.ageMs"],
  ["a source without a name", update({ source: { id: "", sequence: 1 } }), "source.id"],
  ["a long source", update({ source: { id: long(129), sequence: 1 } }), "source.id"],
  ["a number of zero", update({ source: { id: "s", sequence: 0 } }), "source.sequence"],
  ["half a number", update({ source: { id: "s", sequence: 1.5 } }), "source.sequence"],
  ["a number without end", update({ source: { id: "s", sequence: Infinity } }), "source.sequence"],
  ["a run before 1970", update({ run: { id: "r", startedAt: -1 } }), "run.startedAt"],
  ["no URLs", urls({}), "urls"],
  ["a URL with another scheme", urls({ chatUrl: "ftp://host/x" }), "urls.chatUrl"],
  ["a script as URL", urls({ chatUrl: "javascript:alert(1)" }), "urls.chatUrl"],
  ["a URL with a password", urls({ chatUrl: "https://me:secret@host/x" }), "urls.chatUrl"],
  ["a long URL", urls({ chatUrl: `https://host/${long(2048)}` }), "urls.chatUrl"],
  [
    "a status by _id that is none",
    ({ pipeline, id }) =>
      pipeline.mutation(api.video.updateStatus, { id, status: "banana" as "Queued" }),
    "status",
  ],
  [
    "a title of 301 characters",
    ({ pipeline }) => pipeline.mutation(api.video.create, { twitchId: "5", title: long(301) }),
    "title",
  ],
  [
    "a rollback of no Twitch ID",
    ({ pipeline }) => pipeline.mutation(api.video.rollbackStatus, { twitchId: "x" }),
    "twitchId",
  ],
  [
    "a rollback of an update without a name",
    ({ pipeline }) => pipeline.mutation(api.video.rollbackStatus, { twitchId, undoes: "" }),
    "undoes",
  ],
  [
    "a rollback of no age",
    ({ pipeline }) => pipeline.mutation(api.video.rollbackStatus, { twitchId, ageMs: -1 }),
    "ageMs",
  ],
  [
    "progress of a run that starts in the future",
    ({ pipeline }) =>
      pipeline.mutation(api.video.reportProgress, {
        ...{ twitchId, percent: 1 },
        run: { id: "r", ageMs: -1 },
      }),
    "run.ageMs",
  ],
  [
    "progress above 100",
    ({ pipeline }) => pipeline.mutation(api.video.reportProgress, { twitchId, percent: 101 }),
    "percent",
  ],
  [
    "a long message",
    ({ pipeline }) =>
      pipeline.mutation(api.video.reportProgress, { twitchId, percent: 1, message: long(1001) }),
    "message",
  ],
  [
    "a query of no Twitch ID",
    ({ t }) => t.query(api.video.getByTwitchIdPublic, { twitchId: "x" }),
    "twitchId",
  ],
  [
    "progress of no video",
    ({ pipeline }) => pipeline.query(api.video.progressOf, { videoIds: [] }),
    "videoIds",
  ],
  [
    "progress of 101 videos",
    ({ pipeline, id }) =>
      pipeline.query(api.video.progressOf, { videoIds: Array.from({ length: 101 }, () => id) }),
    "videoIds",
  ],
  [
    "a list by a status that is none",
    ({ pipeline }) =>
      pipeline.query(api.video.list, {
        status: "banana" as "Queued",
        paginationOpts: { numItems: 1, cursor: null },
      }),
    "status",
  ],
];

describe("bad input", () => {
  test.each(REFUSED)(
    "%s is INVALID_ARGUMENT, says where, and changes nothing",
    async (_, call, path) => {
      const started = await startWithVideo();
      const before = await stored(started.t);
      await expect(call(started)).rejects.toMatchObject({
        data: { code: "INVALID_ARGUMENT", issues: [{ path }] },
      });
      expect(await stored(started.t)).toEqual(before);
      expect(await eventsOf(started.pipeline)).toHaveLength(1);
    },
  );

  test("the refusal of a status lists the eight", async () => {
    const started = await startWithVideo();
    const error: unknown = await update({ status: "banana" })(started).catch((e: unknown) => e);
    const { message } = (error as { data: { message: string } }).data;
    for (const value of VIDEO_STATUSES) expect(message).toContain(`"${value}"`);
    expect(message).toContain('"banana"');
  });

  test("the refusal of a URL does not repeat the password in it", async () => {
    const started = await startWithVideo();
    const error: unknown = await urls({ chatUrl: "https://me:secret@host/x" })(started).catch(
      (e: unknown) => e,
    );
    expect(JSON.stringify((error as { data: unknown }).data)).not.toContain("secret");
  });

  test.each([
    ["a text", "nonsense"],
    ["another table's _id", "10001;videoEvents"],
    ["an empty text", ""],
  ])("updateStatus with %s for an _id is VIDEO_NOT_FOUND", async (_, id) => {
    const { pipeline } = await startWithVideo();
    await expect(
      pipeline.mutation(api.video.updateStatus, { id: id as never, status: "Queued" }),
    ).rejects.toMatchObject({ data: { code: "VIDEO_NOT_FOUND" } });
  });

  test.each([
    ["updateStatusByTwitchId", api.video.updateStatusByTwitchId, status("Queued")],
    ["updateUrls", api.video.updateUrls, { twitchId, urls: { chatUrl: "gs://a/b" } }],
    ["rollbackStatus", api.video.rollbackStatus, { twitchId }],
    ["create", api.video.create, { twitchId }],
    ["recordUpdates", api.video.recordUpdates, { updates: [status("Queued")] }],
  ])("video:%s refuses a field that it does not know", async (_, reference, args) => {
    const { pipeline } = await startWithVideo();
    const call = pipeline.mutation(reference, { ...args, admin: true } as never);
    await expect(call).rejects.toThrow(/admin/);
  });

  test("whatever is sent as an update, the answer is a result or a code, and a refusal changes nothing", async () => {
    const text = fc.oneof(fc.string(), fc.constantFrom(TWITCH_ID, "Queued", "gs://b/c", ""));
    const anything = fc.record(
      {
        twitchId: fc.oneof(text, fc.constant(TWITCH_ID)),
        status: fc.oneof(text, fc.constantFrom(...VIDEO_STATUSES)),
        urls: fc.dictionary(fc.constantFrom(...ARTIFACT_URL_FIELDS), text),
        updateId: text,
        occurredAt: fc.double(),
        ageMs: fc.double(),
        source: fc.record({ id: text, sequence: fc.oneof(fc.double(), fc.integer()) }),
        run: fc.record(
          { id: text, startedAt: fc.double(), ageMs: fc.double() },
          { requiredKeys: ["id"] },
        ),
        reason: fc.string({ maxLength: 1100 }),
      },
      { requiredKeys: ["twitchId"] },
    );
    await fc.assert(
      fc.asyncProperty(anything, async (candidate) => {
        const { t, pipeline } = await startWithVideo();
        const before = await stored(t);
        const [result] = await pipeline.mutation(api.video.recordUpdates, {
          updates: [candidate as never],
        });
        if (result?.success === true) return;
        expect(["INVALID_ARGUMENT", "VIDEO_NOT_FOUND"]).toContain(result?.code);
        expect(await stored(t)).toEqual(before);
      }),
      { numRuns: 200 },
    );
  });
});
