import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { VideoStatus } from "@klipstream/contract";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { BackendUnavailableError } from "../errors.ts";
import type { Video } from "../integration/ConvexIntegration.ts";
import { EventLog } from "../log/log.ts";
import { KnownVideos } from "./KnownVideos.ts";
import type { Entry } from "../outbox/entry.ts";
import type { OutboxStore } from "../outbox/store.ts";
import { VirtualClock } from "../testing/VirtualClock.ts";
import { createVideo } from "../manager/testMode.ts";
import { VideoLookUp } from "./VideoLookUp.ts";

const WAIT_MS = 2000;
const START = 1_700_000_000_000;

let folder: string;
let clock: VirtualClock;
let known: KnownVideos;
let pending: Entry[];
/** What the backend says: a video or null; an error; or nothing, for ever. */
let backend: () => Promise<Video | null>;
let reached: number;
let asked: number;
let logged: string[];
let lookUp: VideoLookUp;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "klipstream-lookup-"));
  clock = new VirtualClock(START);
  logged = [];
  const write = (_: unknown, message: string) => logged.push(message);
  const log = new EventLog({ debug: write, info: write, warn: write, error: write });
  known = new KnownVideos(join(folder, "known.jsonl"), log);
  pending = [];
  reached = 0;
  asked = 0;
  backend = () => Promise.resolve(video("Queued"));
  lookUp = new VideoLookUp({
    deployment: "https://here.example",
    store: { pendingOf: () => pending } as unknown as OutboxStore,
    known,
    clock,
    read: () => {
      asked += 1;
      return backend();
    },
    onReached: () => (reached += 1),
  });
});
afterEach(() => {
  known.close();
  rmSync(folder, { recursive: true, force: true });
});

const video = (status: VideoStatus): Video => ({
  ...createVideo("recorded-1", "1", START),
  status,
});
const never = () => new Promise<never>(() => undefined);
const away = () => Promise.reject(new BackendUnavailableError("connection", "no connection"));

function entry(seq: number, status: VideoStatus): Entry {
  const update = { twitchId: "1", updateId: `u${seq}`, ageMs: 0, status };
  return {
    seq,
    twitchId: "1",
    acceptedAt: START + seq,
    content: { kind: "update", update, createMissing: false },
  } as unknown as Entry;
}

/** Looks up while the clock runs on. */
async function look() {
  const [result] = await Promise.all([lookUp.lookUp("1", WAIT_MS), clock.advance(WAIT_MS)]);
  return result;
}

describe("a look-up", () => {
  it("is the backend's answer, and says that it is of now", async () => {
    expect(await look()).toEqual({ video: video("Queued"), asOf: null });
    expect(reached).toBe(1);
  });

  it("has what waits in the outbox laid over it", async () => {
    pending = [entry(1, "Downloading"), entry(2, "Transcribing")];
    expect((await look()).video).toMatchObject({
      status: "Transcribing",
      statusChangedAt: START + 2,
    });
  });

  it("has what was delivered while the backend was asked laid over it, too", async () => {
    pending = [entry(1, "Downloading")];
    backend = () => {
      pending = [];
      return Promise.resolve(video("Queued"));
    };
    expect((await look()).video?.status).toBe("Downloading");
  });

  it("without the backend is what was known last, with its time", async () => {
    await look();
    backend = away;
    pending = [entry(1, "Downloading")];
    expect(await look()).toMatchObject({ video: { status: "Downloading" }, asOf: START });
  });

  it("of a video that was never seen is an error without the backend, never null", async () => {
    backend = away;
    await expect(look()).rejects.toThrow(BackendUnavailableError);
    backend = never;
    await expect(look()).rejects.toThrow(/never seen here/);
  });

  it("of a video that the backend does not have is null, and what was known is forgotten", async () => {
    await look();
    backend = () => Promise.resolve(null);
    expect(await look()).toEqual({ video: null, asOf: null });
    backend = away;
    await expect(look()).rejects.toThrow(BackendUnavailableError);
  });

  it("is the backend's answer also where that cannot be written down", async () => {
    await look();
    // What stands in the way of the file that is to be written.
    mkdirSync(join(folder, "known.jsonl.new"));
    backend = () => Promise.resolve(null);
    expect(await look()).toEqual({ video: null, asOf: null });
    expect(reached).toBe(2);
    expect(logged).toEqual([expect.stringContaining("EISDIR")]);
  });

  it("waits once for a backend that is silent, and then not at all while something is known", async () => {
    await look();
    backend = never;
    expect(await look()).toMatchObject({ asOf: START });
    const before = clock.monotonic();
    await lookUp.lookUp("1", WAIT_MS);
    expect(clock.monotonic()).toBe(before);
  });

  it("asks one question at a time, and learns from an answer for which nobody waits any more", async () => {
    await look();
    let answer: (video: Video) => void = () => undefined;
    backend = () => new Promise((resolve) => (answer = resolve));
    await look();
    await lookUp.lookUp("1", WAIT_MS);
    expect(asked).toBe(2);
    answer(video("Completed"));
    await Promise.resolve();
    backend = never;
    expect((await look()).video?.status).toBe("Completed");
  });
});

describe("the backend's answer to an entry", () => {
  const applied = (status: VideoStatus) =>
    ({
      accepted: true,
      outcome: "applied",
      answer: { videoId: video(status)._id, status },
    }) as const;

  it("changes what is known", async () => {
    await look();
    lookUp.answered(entry(1, "Downloading"), applied("Downloading"));
    backend = away;
    expect((await look()).video?.status).toBe("Downloading");
  });

  it("tells which video an _id belongs to", () => {
    lookUp.answered(entry(1, "Downloading"), applied("Downloading"));
    expect(lookUp.twitchIdOf(video("Queued")._id)).toBe("1");
  });

  it("that it was superseded changes nothing", async () => {
    await look();
    lookUp.answered(entry(1, "Downloading"), { ...applied("Queued"), outcome: "superseded" });
    backend = away;
    expect((await look()).video?.status).toBe("Queued");
  });
});
