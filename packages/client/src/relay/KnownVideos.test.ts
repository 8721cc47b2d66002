import {
  appendFileSync,
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
import { createVideo } from "../manager/testMode.ts";
import { KnownVideos } from "./KnownVideos.ts";

const NOW = 1_700_000_000_000;

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "klipstream-known-"));
  path = join(folder, "state", "known.jsonl");
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
    const before = new KnownVideos(path);
    before.learn(known("1"));
    before.learn(known("2"));
    before.learn(known("1", "Analyzing"));
    before.close();
    const after = new KnownVideos(path);
    expect(after.find("1")).toEqual(known("1", "Analyzing"));
    expect(after.twitchIdOf(known("2").video._id)).toBe("2");
    expect(after.find("3")).toBeNull();
    expect(after.twitchIdOf("never-seen")).toBeNull();
    after.close();
  });

  it("are for this user only", () => {
    new KnownVideos(path).close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, "state")).mode & 0o777).toBe(0o700);
  });

  it("survive lines that are cut or foreign", () => {
    const before = new KnownVideos(path);
    before.learn(known("1"));
    before.close();
    appendFileSync(path, '\n{"video":{"_id":"half\n[]\n\u0000\n');
    const after = new KnownVideos(path);
    after.learn(known("2"));
    after.close();
    const again = new KnownVideos(path);
    expect([again.find("1"), again.find("2")]).toEqual([known("1"), known("2")]);
    again.close();
  });

  it("survive bytes that are no text", () => {
    new KnownVideos(path).close();
    writeFileSync(path, Buffer.from([0xff, 0xfe, 0x00, 0x0a, 0x80]));
    const videos = new KnownVideos(path);
    expect(videos.size).toBe(0);
    videos.close();
  });

  it("are bounded: the one learnt longest ago is forgotten, with its _id", () => {
    const videos = new KnownVideos(path, 2);
    for (const twitchId of ["1", "2"]) videos.learn(known(twitchId));
    videos.learn(known("1"));
    videos.learn(known("3"));
    expect(videos.find("2")).toBeNull();
    expect(videos.twitchIdOf(known("2").video._id)).toBeNull();
    expect(videos.find("1")).not.toBeNull();
    videos.close();
  });

  it("know an _id of which nothing else is known", () => {
    const before = new KnownVideos(path);
    before.learnId("id-7", "7");
    before.close();
    const after = new KnownVideos(path);
    expect([after.twitchIdOf("id-7"), after.find("7")]).toEqual(["7", null]);
    after.close();
  });

  it("forget what the backend does not have any more, for good", () => {
    const before = new KnownVideos(path);
    before.learn(known("1"));
    before.forget("1");
    before.close();
    const after = new KnownVideos(path);
    expect([after.find("1"), after.twitchIdOf(known("1").video._id)]).toEqual([null, null]);
    after.close();
  });

  it("do not let the file grow with every change", () => {
    const videos = new KnownVideos(path);
    for (let turn = 0; turn < 3000; turn++) videos.learn(known("1"));
    videos.close();
    expect(readFileSync(path, "utf8").split("\n").length).toBeLessThan(1100);
    const after = new KnownVideos(path);
    expect(after.find("1")).toEqual(known("1"));
    after.close();
  });

  it("in a place that cannot be written are a clear error", () => {
    writeFileSync(join(folder, "file"), "");
    expect(() => new KnownVideos(join(folder, "file", "known.jsonl"))).toThrow(
      OutboxUnwritableError,
    );
  });
});
