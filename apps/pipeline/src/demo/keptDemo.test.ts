import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { KeptDemo, type KeptState } from "./keptDemo.ts";
import type { VodRun } from "./runVod.ts";

const STATE: KeptState = {
  ports: { deployment: 1, artifacts: 2 },
  adminKey: "admin",
  keys: { pipelineKey: "pipeline", readerKey: "reader", viewerKey: "viewer" },
  runs: {},
};
const RUN: VodRun = {
  isWhole: true,
  exitCodes: { rawPipeline: 0, analysisPipeline: 0 },
  waited: 0,
  rejected: [],
  stderr: "",
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "klipstream-kept-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("a kept demo", () => {
  it("has an absolute folder also where a relative one is given: its pipelines run in it", async () => {
    const kept = await KeptDemo.open(relative(process.cwd(), join(folder, "demo")));
    expect(kept.folder).toBe(join(folder, "demo"));
  });

  it("refuses a folder that holds something else, and leaves it as it is", async () => {
    await mkdir(join(folder, "data"));
    await writeFile(join(folder, "data", "mine.txt"), "mine");
    await expect(KeptDemo.open(folder)).rejects.toThrow(/holds data, and no demo/);
    expect(await readdir(folder, { recursive: true })).toEqual(["data", join("data", "mine.txt")]);
  });

  it("begins anew where the one before had no keys yet", async () => {
    const { dataFolder } = await KeptDemo.open(folder);
    await mkdir(dataFolder);
    const again = await KeptDemo.open(folder);
    expect(again.state).toBeNull();
    expect(await readdir(folder)).toEqual(["demo.json"]);
  });

  it("goes on with what was saved", async () => {
    await (await KeptDemo.open(folder)).save(STATE);
    expect((await KeptDemo.open(folder)).state).toEqual(STATE);
  });

  it("keeps every run of those that end together", async () => {
    const kept = await KeptDemo.open(folder);
    await kept.save(STATE);
    const twitchIds = Array.from({ length: 20 }, (_, video) => String(video));
    await Promise.all(twitchIds.map((twitchId) => kept.saveRun(twitchId, RUN)));
    const saved = JSON.parse(await readFile(join(folder, "demo.json"), "utf8")) as KeptState;
    expect(Object.keys(saved.runs)).toEqual(twitchIds);
  });
});
