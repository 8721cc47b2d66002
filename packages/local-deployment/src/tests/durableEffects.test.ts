import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import { DataFile, type StoredRecord } from "../storage/dataFile.ts";
import { NOTES_PROJECT } from "./notesProject.ts";
import { ProjectRun } from "./temporaryProject.ts";

const PROJECT = {
  ...NOTES_PROJECT,
  "convex/schema.ts": `
import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
export default defineSchema({
  notes: defineTable({ owner: v.string(), rank: v.number() }).index("by_owner", ["owner", "rank"]),
  tastes: defineTable({ taste: v.array(v.float64()) })
    .vectorIndex("by_taste", { vectorField: "taste", dimensions: 2 }),
});
`,
  "convex/effects.ts": `
import { action, internalAction, mutation, query } from "./_generated/server";
import { api, internal } from "./_generated/api";
declare const process: any;
const happen = (what: string) => process.getBuiltinModule("node:fs").appendFileSync(process.env.EFFECTS, what + " ");
const notes = { owner: "effects", rank: 1 };
export const afterMutation = action(async (ctx) => { await ctx.runMutation(api.notes.add, notes); happen("effect"); });
export const afterSchedule = action(async (ctx) => { await ctx.scheduler.runAfter(1e9, api.notes.add, notes); happen("effect"); });
export const afterFile = action(async (ctx) => { await ctx.storage.store(new Blob(["x"])); happen("effect"); });
export const refuse = query(() => { throw new Error("no"); });
export const afterRefusal = action(async (ctx) => {
  const adding = ctx.runMutation(api.notes.add, notes);
  await ctx.runQuery(api.effects.refuse, {}).catch(() => happen("effect"));
  await adding;
});
export const addTaste = mutation((ctx) => ctx.db.insert("tastes", { taste: [1, 0] }));
export const afterSearch = action(async (ctx) => {
  const adding = ctx.runMutation(api.effects.addTaste, {});
  for (let found = []; found.length === 0;)
    found = await ctx.vectorSearch("tastes", "by_taste", { vector: [1, 0] });
  happen("effect");
  await adding;
});
export const jobs = query(async (ctx) =>
  (await ctx.db.system.query("_scheduled_functions").collect()).map(({ state }) => state.kind));
export const scheduled = internalAction(async () => happen("run"));
export const start = mutation((ctx) => ctx.scheduler.runAfter(0, internal.effects.scheduled, {}));
`,
  "convex/http.ts": `
import { httpRouter } from "convex/server";
import { httpAction } from "./_generated/server";
import { api } from "./_generated/api";
declare const process: any;
const http = httpRouter();
http.route({ path: "/effect", method: "POST", handler: httpAction(async (ctx) => {
  await ctx.runMutation(api.notes.add, { owner: "http", rank: 1 });
  process.getBuiltinModule("node:fs").appendFileSync(process.env.EFFECTS, "effect ");
  return new Response(null);
}) });
export default http;
`,
};

let folder: string;
let effects: string;
let run: ProjectRun;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "convex-effects-"));
  effects = join(folder, "effects");
  const options = { dataFolder: join(folder, "data"), env: { EFFECTS: effects } };
  run = await ProjectRun.deployed(PROJECT, options);
});
beforeEach(async () => {
  vi.restoreAllMocks();
  await writeFile(effects, "");
});
afterAll(async () => {
  await run[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Long enough for an action that does not wait for the disk to go on, and to be seen. */
const SLOW_DISK_MS = 200;

/** The next change that writes such a text is one that the disk does not take, and it takes its time to say so. */
function failToWrite(text: string): () => boolean {
  let hasFailed = false;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- It is called with its own `this`.
  const original = DataFile.prototype.write;
  vi.spyOn(DataFile.prototype, "write").mockImplementation(function (this: DataFile, records) {
    const all: StoredRecord[] = [...records];
    if (!hasFailed && all.some(([, value]) => value?.includes(text) === true)) {
      hasFailed = true;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SLOW_DISK_MS);
      throw new Error("disk full");
    }
    original.call(this, all);
  });
  return () => hasFailed;
}

describe("what an action does after a change that cannot be stored", () => {
  it.each([
    ["a mutation", "effects:afterMutation", '"effects"'],
    ["something scheduled", "effects:afterSchedule", "notes:add"],
    ["a file", "effects:afterFile", "sha256"],
    ["a function that fails behind it", "effects:afterRefusal", '"effects"'],
    ["a search that finds it", "effects:afterSearch", "taste"],
  ])("does not happen (%s)", async (_name, path, text) => {
    const hasFailed = failToWrite(text);
    expect((await run.post("/api/action", { path, args: {} })).status).toBe(500);
    expect(hasFailed()).toBe(true);
    expect(await readFile(effects, "utf8")).toBe("");
    const again = await run.post("/api/action", { path, args: {} });
    expect(again.body).toMatchObject({ status: "success" });
    expect(await readFile(effects, "utf8")).toBe("effect ");
  });

  it("does not happen in an HTTP action", async () => {
    const hasFailed = failToWrite('"http"');
    const response = await fetch(`${run.deployment.siteUrl}/effect`, { method: "POST" });
    expect(response.status).toBe(500);
    expect(hasFailed()).toBe(true);
    expect(await readFile(effects, "utf8")).toBe("");
  });
});

it("a scheduled action begins when it is on disk that it has: it runs once, also if that could not be stored at first", async () => {
  const hasFailed = failToWrite("inProgress");
  await run.post("/api/mutation", { path: "effects:start", args: {} });
  await vi.waitFor(async () => expect(await readFile(effects, "utf8")).not.toBe(""), 10_000);
  await run.post("/api/mutation", { path: "notes:add", args: { owner: "after", rank: 1 } });
  expect(hasFailed()).toBe(true);
  await vi.waitFor(async () => {
    const { body } = await run.post("/api/query", { path: "effects:jobs", args: {} });
    expect(body).toMatchObject({ value: expect.arrayContaining(["success"]) as unknown });
  }, 10_000);
  expect(await readFile(effects, "utf8")).toBe("run ");
});
