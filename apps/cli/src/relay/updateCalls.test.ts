import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  BackendUnavailableError,
  InvalidInputError,
  type KlipstreamError,
  OutboxUnwritableError,
  RelayManager,
  type UpdateResult,
} from "@klipstream/client";
import { describe, expect, onTestFinished, test } from "vitest";

import type { Answer } from "./answers.ts";
import type { Relay } from "./relay.ts";
import { type LeftToBackend, UPDATE_FUNCTIONS } from "./updateCalls.ts";

const NOW = 1_800_000_000_000;
const WAIT_MS = 500;
const answer = { videoId: "v1", status: "Transcribing" };

/** What the manager was called with: the verb, then its arguments. */
type Call = [string, ...unknown[]];

/** A relay over a manager that says `result` to every update. */
function createRelay(result: Partial<UpdateResult> = { ok: true, outcome: "queued" }) {
  const calls: Call[] = [];
  const take =
    (verb: string) =>
    (twitchId: string, ...args: unknown[]) => {
      calls.push([verb, twitchId, ...args]);
      return Promise.resolve({ twitchId, updateId: "u1", ...result });
    };
  const manager = {
    updateVideoStatus: take("status"),
    updateVideoUrls: take("urls"),
    updatePipelineProgress: take("statusAndUrls"),
    rollbackStatus: take("rollback"),
    reportProgress: (...args: unknown[]) => calls.push(["progress", ...args]),
    startRun: (...args: unknown[]) => ({
      reportProgress: (...report: unknown[]) => calls.push(["run", ...args, ...report]),
    }),
    twitchIdOf: (videoId: string) => (videoId === "v1" ? "100" : null),
    videoIdOf: (twitchId: string) => (twitchId === "100" ? "v1" : null),
  };
  const relay = { manager, waitMs: WAIT_MS, now: () => NOW } as unknown as Relay;
  const send = (name: string, args: unknown, idempotencyKey?: string) =>
    UPDATE_FUNCTIONS.get(`video:${name}`)!({ relay, args, idempotencyKey }) as Promise<
      Partial<Answer & LeftToBackend>
    >;
  return { send, calls };
}

const meta = (call: Call | undefined) => call?.at(-1);

describe("an update", () => {
  test("that is queued is a success with what was reported and what is known", async () => {
    const { send, calls } = createRelay();
    expect(await send("updateStatusByTwitchId", { twitchId: "100", status: "Queued" })).toEqual({
      httpStatus: 200,
      body: {
        status: "success",
        value: {
          success: true,
          twitchId: "100",
          videoId: "v1",
          status: "Queued",
          outcome: "queued",
        },
      },
    });
    expect(calls).toMatchObject([["status", "100", "Queued", { waitMs: WAIT_MS }]]);
  });

  test("that is queued of an unknown video says no _id, and one of URLs no status", async () => {
    const { send } = createRelay();
    const urls = { chatUrl: "https://files.example/chat" };
    expect((await send("updateUrls", { twitchId: "200", urls })).body).toEqual({
      status: "success",
      value: { success: true, twitchId: "200", outcome: "queued" },
    });
  });

  test("that the backend has answered carries its answer, not what was reported", async () => {
    const { send } = createRelay({ ok: true, outcome: "superseded", answer });
    const sent = { twitchId: "100", status: "Queued" };
    expect((await send("updateStatusByTwitchId", sent)).body).toMatchObject({
      value: { outcome: "superseded", videoId: "v1", status: "Transcribing" },
    });
  });

  test("by a known _id is one of its Twitch ID; by any other it is left to the backend", async () => {
    const { send, calls } = createRelay();
    await send("updateStatus", { id: "v1", status: "Queued", reason: "again" });
    expect(calls).toMatchObject([["status", "100", "Queued", { reason: "again" }]]);
    const left = await send("updateStatus", { id: "v2", status: "Queued" }, "key");
    expect(left).toEqual({ args: { id: "v2", status: "Queued", updateId: "key" } });
    expect(calls).toHaveLength(1);
  });

  test("is known by its updateId, or else by the call's Idempotency-Key", async () => {
    const { send, calls } = createRelay();
    const update = { twitchId: "100", status: "Queued" };
    await send("updateStatusByTwitchId", update, "key");
    await send("updateStatusByTwitchId", { ...update, updateId: "own" }, "key");
    expect(calls.map(meta)).toMatchObject([{ updateId: "key" }, { updateId: "own" }]);
  });

  test("of an age is as old on this machine's clock, and so is its run", async () => {
    const { send, calls } = createRelay();
    const run = { id: "r1", ageMs: 60_000 };
    await send("rollbackStatus", { twitchId: "100", ageMs: 5000, run, undoes: "u0" });
    expect(calls).toMatchObject([
      [
        "rollback",
        "100",
        { occurredAt: NOW - 5000, run: { id: "r1", startedAt: NOW - 60_000 }, undoes: "u0" },
      ],
    ]);
  });

  test("that says when it happened keeps that, and a run that says nothing starts now", async () => {
    const { send, calls } = createRelay();
    const sent = { twitchId: "100", status: "Queued", occurredAt: 7 };
    await send("updateStatusByTwitchId", { ...sent, run: { id: "r1" } });
    await send("updateStatusByTwitchId", { ...sent, run: { id: "r1", startedAt: 5 } });
    expect(calls.map(meta)).toMatchObject([
      { occurredAt: 7, run: { startedAt: NOW } },
      { occurredAt: 7, run: { startedAt: 5 } },
    ]);
  });

  test("that is older than 1970 happened in 1970", async () => {
    const { send, calls } = createRelay();
    const run = { id: "r1", ageMs: 1e13 };
    await send("updateStatusByTwitchId", { twitchId: "1", status: "Queued", ageMs: 1e13, run });
    expect(calls.map(meta)).toMatchObject([{ occurredAt: 0, run: { startedAt: 0 } }]);
  });
});

describe("an update that is not accepted", () => {
  const sent = { twitchId: "100", status: "Queued" };

  test("for its content is the backend's refusal, with the issues", async () => {
    const issues = [{ path: "status", message: "must be one of ..." }];
    const { send } = createRelay({ ok: false, error: new InvalidInputError(issues) });
    expect(await send("updateStatusByTwitchId", sent)).toMatchObject({
      httpStatus: 200,
      body: { status: "error", errorData: { code: "INVALID_ARGUMENT", issues } },
    });
  });

  test.each<[KlipstreamError, string]>([
    [new OutboxUnwritableError("disk full"), "OUTBOX_UNWRITABLE"],
    [new BackendUnavailableError("timeout", "away"), "BackendUnavailable"],
  ])("for a reason that passes is 503: %s", async (error, code) => {
    const { send } = createRelay({ ok: false, error });
    for (const call of [
      send("updateStatusByTwitchId", sent),
      send("recordUpdates", { updates: [sent] }),
    ])
      expect(await call).toMatchObject({ httpStatus: 503, body: { code } });
  });
});

describe("arguments", () => {
  test.each([
    ["updateStatusByTwitchId", { twitchId: "1", status: "Queued", statsu: "" }, "statsu"],
    ["updateStatusByTwitchId", { twitchId: "1", status: "Queued", ageMs: -1 }, "ageMs"],
    ["updateStatus", { id: 1, status: "Queued" }, "id"],
    ["updateStatus", { status: "Queued" }, "id"],
    ["updateUrls", { twitchId: "1", urls: {}, run: { id: "" } }, "run.id"],
    ["rollbackStatus", { twitchId: "1", source: { id: "s", sequence: 0 } }, "source.sequence"],
    ["recordUpdates", {}, "updates"],
    ["recordUpdates", { updates: [] }, "updates"],
    ["recordUpdates", { updates: Array.from({ length: 101 }, () => ({})) }, "updates"],
    ["recordUpdates", { updates: [{}], createMissing: 1 }, "createMissing"],
    ["reportProgress", { twitchId: "x", percent: 1 }, "twitchId"],
    ["reportProgress", { twitchId: "1", percent: 101 }, "percent"],
    ["reportProgress", null, ""],
  ])("of %s like %j are refused and reach nobody", async (name, args, place) => {
    const { send, calls } = createRelay();
    const refused = await send(name, args);
    expect(refused).toMatchObject({
      httpStatus: 200,
      body: { status: "error", errorData: { code: "INVALID_ARGUMENT" } },
    });
    expect(JSON.stringify(refused.body)).toContain(place);
    expect(calls).toEqual([]);
  });

  test.each([
    ["updateStatusByTwitchId", { twitchId: "x", status: "Queued" }, /twitchId/],
    ["updateStatusByTwitchId", { status: "Queued" }, /twitchId/],
    ["updateStatusByTwitchId", { twitchId: "1", status: "Donwloading" }, /Finding highlights/],
    ["updateStatusByTwitchId", { twitchId: "1" }, /status/],
    ["updateUrls", { twitchId: "1", urls: { chatUrl: "ftp://x" } }, /urls\.chatUrl/],
    ["updateUrls", { twitchId: "1" }, /URLs/],
    ["updateUrls", { twitchId: "1", urls: { video_url: "https://files.example/v" } }, /video_url/],
    ["updateUrls", { twitchId: "1", urls: { chat_url: "ftp://x" } }, /urls\.chatUrl/],
    ["updateUrls", { twitchId: "1", urls: "chat_url" }, /urls/],
    ["updateUrls", { twitchId: "1", urls: null }, /urls/],
    ["updateStatusByTwitchId", { twitchId: "1", status: "processing audio" }, /Queued/],
    ["updateStatusByTwitchId", { twitchId: "1", status: "constructor" }, /Finding highlights/],
    ["rollbackStatus", { twitchId: 1 }, /twitchId/],
    ["rollbackStatus", { twitchId: "1", undoes: "" }, /undoes/],
    ["recordUpdates", { updates: [{ twitchId: "1" }] }, /status/],
  ])("of %s like %j are refused by a real manager", async (name, args, message) => {
    const folder = mkdtempSync(join(tmpdir(), "klipstream-relay-"));
    const manager = new RelayManager(
      { url: "https://away.example", outboxPath: join(folder, "outbox.db"), logLevel: "silent" },
      { place: { env: {}, cwd: folder }, fetch: () => Promise.reject(new TypeError("away")) },
    );
    onTestFinished(async () => {
      await manager.close({ timeoutMs: 0 });
      rmSync(folder, { recursive: true });
    });
    const relay = { manager, waitMs: 0, now: () => NOW } as Relay;
    const update = UPDATE_FUNCTIONS.get(`video:${name}`)!;
    const refused = JSON.stringify(await update({ relay, args, idempotencyKey: undefined }));
    expect(refused).toContain("INVALID_ARGUMENT");
    expect(refused).toMatch(message);
    expect(manager.stats().accepted).toBe(0);
  });
});

describe("the words of old pipelines", () => {
  const urls = { chat_url: "https://files.example/chat", transcriptUrl: "https://files.example/t" };
  const renamed = { chatUrl: urls.chat_url, transcriptUrl: urls.transcriptUrl };

  test("mean today's, in every function that takes a status or URLs", async () => {
    const { send, calls } = createRelay();
    const status = "Processing audio";
    const sent = await send("updateStatusByTwitchId", { twitchId: "100", status });
    expect(sent.body).toMatchObject({ value: { status: "Transcribing" } });
    await send("updateStatus", { id: "v1", status });
    await send("updateUrls", { twitchId: "100", urls });
    await send("recordUpdates", { updates: [{ twitchId: "100", status, urls }] });
    expect(calls).toMatchObject([
      ["status", "100", "Transcribing", {}],
      ["status", "100", "Transcribing", {}],
      ["urls", "100", renamed, {}],
      ["statusAndUrls", "100", { status: "Transcribing", urls: renamed }, {}],
    ]);
    const left = await send("updateStatus", { id: "v2", status });
    expect(left).toEqual({ args: { id: "v2", status: "Transcribing" } });
  });

  test("may say the same URL twice; two URLs for one field are refused, and reach nobody", async () => {
    const { send, calls } = createRelay();
    const twice = { chatUrl: urls.chat_url, chat_url: urls.chat_url };
    await send("updateUrls", { twitchId: "100", urls: twice });
    expect(calls.splice(0)).toMatchObject([["urls", "100", { chatUrl: urls.chat_url }, {}]]);
    const update = { twitchId: "100", urls: { ...twice, chat_url: "https://files.example/other" } };
    const message =
      "urls.chat_url: is not the same URL as chatUrl, but both name chatUrl; send one of them";
    expect((await send("updateUrls", update)).body).toMatchObject({
      errorData: { code: "INVALID_ARGUMENT", message },
    });
    expect((await send("recordUpdates", { updates: [update] })).body).toMatchObject({
      value: [{ success: false, code: "INVALID_ARGUMENT", message }],
    });
    expect(calls).toEqual([]);
  });
});

describe("recordUpdates", () => {
  test("gives each update its own key and one result or refusal, in order", async () => {
    const { send, calls } = createRelay();
    const good = { twitchId: "100", status: "Queued" };
    const updates = [good, { ...good, colour: "red" }, { ...good, updateId: "own" }];
    const { body } = await send("recordUpdates", { updates, createMissing: true }, "key");
    expect(body).toMatchObject({
      status: "success",
      value: [
        { success: true, outcome: "queued" },
        { success: false, code: "INVALID_ARGUMENT" },
        { success: true, outcome: "queued" },
      ],
    });
    expect(calls.map(meta)).toMatchObject([
      { updateId: "key#0", createMissing: true },
      { updateId: "own", createMissing: true },
    ]);
  });
});

describe("progress", () => {
  test("is answered at once, whatever becomes of it", async () => {
    const { send, calls } = createRelay();
    const sent = { twitchId: "100", percent: 40, message: "4 of 10" };
    expect(await send("reportProgress", sent)).toEqual({
      httpStatus: 200,
      body: { status: "success", value: null },
    });
    expect(calls).toEqual([["progress", "100", 40, "4 of 10"]]);
  });

  test("of a run is reported as that run's", async () => {
    const { send, calls } = createRelay();
    await send("reportProgress", { twitchId: "1", percent: 1, run: { id: "r", ageMs: 10 } });
    expect(calls).toEqual([["run", "1", { id: "r", startedAt: NOW - 10 }, 1, undefined]]);
  });
});
