import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { WebSocket } from "ws";

import { startLocalDeployment } from "../startLocalDeployment.ts";
import { DataFile } from "../storage/dataFile.ts";
import { NOTES_PROJECT } from "./notesProject.ts";
import { ProjectRun } from "./temporaryProject.ts";

const PROJECT = {
  ...NOTES_PROJECT,
  "convex/kept.ts": `
import { action, internalAction, mutation, query } from "./_generated/server";
import { internal } from "./_generated/api";
import { v } from "convex/values";
export const wordOf = query({ args: {}, handler: () => process.env.WORD ?? null });
export const jobs = query({ args: {}, handler: async (ctx) =>
  (await ctx.db.system.query("_scheduled_functions").collect()).map(({ name, state }) => name + " " + state.kind) });
export const many = mutation({ args: { count: v.number() }, handler: async (ctx, { count }) => {
  for (let rank = 0; rank < count; rank++)
    await ctx.db.insert("notes", { owner: "many " + (rank % 10), rank, tags: rank % 2 ? { a: NaN, b: -0 } : undefined });
} });
export const uploadUrl = mutation({ args: {}, handler: (ctx) => ctx.storage.generateUploadUrl() });
export const waitForEver = internalAction({ args: {}, handler: () => new Promise<null>(() => {}) });
export const startWaiting = mutation({ args: {}, handler: (ctx) => ctx.scheduler.runAfter(0, internal.kept.waitForEver, {}) });
`,
};

let dataFolder: string;
let run: ProjectRun;
beforeAll(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), "convex-data-"));
  run = await ProjectRun.deployed(PROJECT, { dataFolder, env: { WORD: "blue" } });
});
afterAll(async () => {
  await run[Symbol.asyncDispose]();
  await rm(dataFolder, { recursive: true, force: true });
});

async function call(kind: "query" | "mutation", path: string, args: object = {}): Promise<unknown> {
  const { body } = await run.post(`/api/${kind}`, { path, args, format: "convex_encoded_json" });
  const { status, value, errorMessage } = body as Record<string, unknown>;
  if (status !== "success") throw new Error(String(errorMessage));
  return value;
}

type Note = { _id: string; _creationTime: number };
const list = async (owner: string) => (await call("query", "notes:list", { owner })) as Note[];
const add = (owner: string, rank = 1) => call("mutation", "notes:add", { owner, rank });

async function until(path: string, holds: (value: unknown) => boolean): Promise<void> {
  while (!holds(await call("query", path))) await new Promise((resolve) => setTimeout(resolve, 5));
}

const hasJob = (job: string) => (jobs: unknown) => (jobs as string[]).includes(job);

describe("after a restart on the same folder", () => {
  it("documents, code and variables are what they were", async () => {
    await call("mutation", "kept:many", { count: 50 });
    const before = await list("many 3");
    await run.restart({ dataFolder });
    expect(await list("many 3")).toEqual(before);
    expect(before).toHaveLength(5);
    expect(await call("query", "kept:wordOf")).toBe("blue");
  });

  it("ids, creation times and timestamps go on where they were", async () => {
    await add("a");
    const tsOf = async () =>
      Buffer.from(((await run.post("/api/query_ts", {})).body as { ts: string }).ts, "base64");
    const before = await tsOf();
    await run.restart({ dataFolder });
    expect((await tsOf()).readBigUInt64LE()).toBeGreaterThanOrEqual(before.readBigUInt64LE());
    await add("a", 2);
    const [first, second] = await list("a");
    expect(second!._id > first!._id).toBe(true);
    expect(second!._creationTime).toBeGreaterThan(first!._creationTime);
  });

  it("a variable that it is started with counts, and one that was set before stays", async () => {
    expect(await run.convex("env", "set", "OTHER", "green")).toMatchObject({ exitCode: 0 });
    await run.restart({ dataFolder, env: { WORD: "red" } });
    expect(await call("query", "kept:wordOf")).toBe("red");
    expect((await run.convex("env", "get", "OTHER")).stdout).toBe("green\n");
  });

  it("a scheduled function that became due meanwhile runs", async () => {
    await add("a");
    await call("mutation", "notes:clearLater", { ms: 50 });
    await run.deployment.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    run.deployment = await startLocalDeployment({ dataFolder });
    await until("kept:jobs", hasJob("notes:clear success"));
    expect(await list("a")).toEqual([]);
  });

  it("a scheduled action that was running has failed: it is not run a second time", async () => {
    await call("mutation", "kept:startWaiting");
    await until("kept:jobs", hasJob("kept:waitForEver inProgress"));
    await run.restart({ dataFolder });
    await until("kept:jobs", hasJob("kept:waitForEver failed"));
  });

  it("a mutation that its client sends again is answered as before and not run again", async () => {
    const first = await sendMutation("session 1", 7);
    await run.restart({ dataFolder });
    expect(await sendMutation("session 1", 7)).toEqual(first);
    expect(await list("repeated")).toHaveLength(1);
    expect((await sendMutation("session 1", 8))["result"]).not.toBe(first["result"]);
    expect(await list("repeated")).toHaveLength(2);
  });

  it("a content that was stored for a file that was never committed is removed", async () => {
    const files = join(dataFolder, "files");
    await mkdir(files, { recursive: true });
    await writeFile(join(files, "orphan"), "x");
    await writeFile(join(files, "half.unfinished"), "x");
    const stored = (await call("mutation", "kept:uploadUrl")) as string;
    const upload = await fetch(stored, { method: "POST", body: "kept" });
    expect(upload.status).toBe(200);
    await run.restart({ dataFolder });
    const [left, ...others] = await readdir(files);
    expect(others).toEqual([]);
    expect(await readFile(join(files, left!), "utf8")).toBe("kept");
  });

  it("a push changes only what has changed", async () => {
    const word = await call("query", "kept:wordOf");
    await run.restart({ dataFolder });
    await run.project.write({
      "convex/more.ts":
        'import { query } from "./_generated/server";\nexport const two = query({ args: {}, handler: () => 2 });',
    });
    await run.deploy();
    expect(await call("query", "more:two")).toBe(2);
    expect(await call("query", "kept:wordOf")).toBe(word);
  });
});

async function sendMutation(
  sessionId: string,
  requestId: number,
): Promise<Record<string, unknown>> {
  const socket = new WebSocket(`${run.url.replace("http", "ws")}/api/sync`);
  await new Promise((resolve) => socket.once("open", resolve));
  const answer = new Promise<Record<string, unknown>>((resolve) => {
    socket.on("message", (data: Buffer) => {
      const message = JSON.parse(data.toString()) as Record<string, unknown>;
      if (message["type"] === "MutationResponse") resolve(message);
    });
  });
  const args = [{ owner: "repeated", rank: 1 }];
  for (const message of [
    { type: "Connect", sessionId, connectionCount: 0, lastCloseReason: null },
    { type: "Mutation", requestId, udfPath: "notes:add", args },
  ])
    socket.send(JSON.stringify(message));
  const answered = await answer;
  socket.close();
  return answered;
}

describe("a change that cannot be stored", () => {
  it("has not happened, is answered with an error, and takes nothing with it", async () => {
    await add("kept");
    vi.spyOn(DataFile.prototype, "write").mockImplementationOnce(() => {
      throw new Error("disk full");
    });
    expect(
      (await run.post("/api/mutation", { path: "notes:add", args: { owner: "lost", rank: 1 } }))
        .status,
    ).toBe(500);
    expect(await list("lost")).toEqual([]);
    expect(await list("kept")).toHaveLength(1);
    await add("next");
    await run.restart({ dataFolder });
    expect(
      [await list("lost"), await list("kept"), await list("next")].map(({ length }) => length),
    ).toEqual([0, 1, 1]);
  });
});
