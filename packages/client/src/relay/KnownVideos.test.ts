import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { VideoStatus } from "@klipstream/contract";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { OutboxUnwritableError } from "../errors.ts";
import { EventLog } from "../log/log.ts";
import { createVideo } from "../manager/testMode.ts";
import { KnownVideos } from "./KnownVideos.ts";

const NOW = 1_700_000_000_000;

let folder: string;
let path: string;
let logged: string[];

const write = (_: unknown, message: string) => void logged.push(message);
const log = new EventLog({ debug: write, info: write, warn: write, error: write });
const open = (maxCount?: number) => new KnownVideos(path, log, maxCount);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "klipstream-known-"));
  path = join(folder, "state", "known.jsonl");
  logged = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function known(twitchId: string, status: VideoStatus = "Queued") {
  return {
    video: { ...createVideo(`recorded-${twitchId}`, twitchId, NOW), status },
    earlier: [],
    asOf: NOW,
  };
}

describe("the known videos", () => {
  it("are found by Twitch ID and by _id, over a reopening too", () => {
    const before = open();
    before.learn(known("1"));
    before.learn(known("2"));
    before.learn(known("1", "Analyzing"));
    before.close();
    const after = open();
    expect(after.find("1")).toEqual(known("1", "Analyzing"));
    expect(after.twitchIdOf(known("2").video._id)).toBe("2");
    expect(after.find("3")).toBeNull();
    expect(after.twitchIdOf("never-seen")).toBeNull();
    after.close();
  });

  it("are for this user only", () => {
    open().close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, "state")).mode & 0o777).toBe(0o700);
  });

  it("survive lines that are cut or foreign", () => {
    const before = open();
    before.learn(known("1"));
    before.close();
    appendFileSync(path, '\n{"video":{"_id":"half\n[]\n\u0000\n');
    const after = open();
    after.learn(known("2"));
    after.close();
    const again = open();
    expect([again.find("1"), again.find("2")]).toEqual([known("1"), known("2")]);
    again.close();
  });

  it("survive bytes that are no text", () => {
    open().close();
    writeFileSync(path, Buffer.from([0xff, 0xfe, 0x00, 0x0a, 0x80]));
    const videos = open();
    expect(videos.size).toBe(0);
    videos.close();
  });

  it("are bounded: the one learnt longest ago is forgotten, with its _id", () => {
    const videos = open(2);
    for (const twitchId of ["1", "2"]) videos.learn(known(twitchId));
    videos.learn(known("1"));
    videos.learn(known("3"));
    expect(videos.find("2")).toBeNull();
    expect(videos.twitchIdOf(known("2").video._id)).toBeNull();
    expect(videos.find("1")).not.toBeNull();
    videos.close();
  });

  it("know an _id of which nothing else is known", () => {
    const before = open();
    before.learnId("id-7", "7");
    before.close();
    const after = open();
    expect([after.twitchIdOf("id-7"), after.find("7")]).toEqual(["7", null]);
    after.close();
  });

  it("forget what the backend does not have any more, for good", () => {
    const before = open();
    before.learn(known("1"));
    before.forget("1");
    before.close();
    const after = open();
    expect([after.find("1"), after.twitchIdOf(known("1").video._id)]).toEqual([null, null]);
    after.close();
  });

  it("do not let the file grow with every change", () => {
    const videos = open();
    for (let turn = 0; turn < 3000; turn++) videos.learn(known("1"));
    videos.close();
    expect(readFileSync(path, "utf8").split("\n").length).toBeLessThan(1100);
    const after = open();
    expect(after.find("1")).toEqual(known("1"));
    after.close();
  });

  it("that cannot be written are known to this process, which says so", () => {
    const videos = open();
    // What stands in the way of the file that is to be written.
    mkdirSync(`${path}.new`);
    for (let turn = 0; turn < 1500; turn++) videos.learn(known("1", "Analyzing"));
    expect(videos.find("1")?.video.status).toBe("Analyzing");
    expect(logged).toEqual([expect.stringContaining("EISDIR")]);
    videos.close();
    rmSync(`${path}.new`, { recursive: true });
    const after = open();
    expect(after.find("1")).toEqual(known("1", "Analyzing"));
    after.close();
  });

  it("are opened also where there are too many lines and no room to write them anew", () => {
    const before = open();
    before.learn(known("1"));
    before.close();
    appendFileSync(path, "\n[]".repeat(3000));
    mkdirSync(`${path}.new`);
    const after = open();
    expect(after.find("1")).toEqual(known("1"));
    expect(logged).toEqual([expect.stringContaining("EISDIR")]);
    after.close();
  });

  it("take what is learnt after the end, and write it nowhere", () => {
    const videos = open();
    videos.close();
    videos.learn(known("1"));
    videos.forget("1");
    expect(readFileSync(path, "utf8")).toBe("");
    expect(logged).toEqual([]);
    videos.close();
  });

  it("in a place that cannot be written are a clear error", () => {
    writeFileSync(join(folder, "file"), "");
    expect(() => new KnownVideos(join(folder, "file", "known.jsonl"), log)).toThrow(
      OutboxUnwritableError,
    );
  });
});
