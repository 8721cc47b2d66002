/** Components as they are on npm, in a project that uses them as their READMEs say. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { ConvexClient, ConvexHttpClient } from "convex/browser";
import { anyApi } from "convex/server";
import { afterAll, beforeAll, expect, it } from "vitest";

import { ProjectRun, type ProjectFiles } from "./temporaryProject.ts";
import { Updates } from "./updates.ts";

const PROJECT: ProjectFiles = {
  "convex/convex.config.ts": `
import { defineApp } from "convex/server";
import migrations from "@convex-dev/migrations/convex.config.js";
import rateLimiter from "@convex-dev/rate-limiter/convex.config.js";
import workpool from "@convex-dev/workpool/convex.config.js";
const app = defineApp();
app.use(migrations);
app.use(rateLimiter);
app.use(workpool, { name: "emails" });
app.use(workpool, { name: "scraping" });
export default app;
`,
  "convex/schema.ts": `
import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
export default defineSchema({
  users: defineTable({ name: v.string(), plan: v.optional(v.string()) }),
  log: defineTable({ what: v.string() }),
});
`,
  "convex/work.ts": `
import { Workpool, vOnCompleteArgs } from "@convex-dev/workpool";
import { internalAction, internalMutation, internalQuery, mutation, query } from "./_generated/server";
import { components, internal } from "./_generated/api";
import { v } from "convex/values";
const emails = new Workpool(components.emails, {
  maxParallelism: 2,
  retryActionsByDefault: true,
  defaultRetryBehavior: { maxAttempts: 3, initialBackoffMs: 10, base: 2 },
});
const scraping = new Workpool(components.scraping, { maxParallelism: 1 });
const args = { name: v.string() };
export const start = mutation({
  args: { names: v.array(v.string()) },
  handler: async (ctx, { names }) => {
    for (const name of names)
      await emails.enqueueAction(ctx, internal.work.sendEmail, { name },
        { onComplete: internal.work.completed, context: { name } });
    await scraping.enqueueMutation(ctx, internal.work.record, { what: "scraped" });
  },
});
export const startLate = mutation({
  args: {},
  handler: async (ctx) => { await scraping.enqueueMutation(ctx, internal.work.record, { what: "late" }, { runAfter: 2000 }); },
});
export const sendEmail = internalAction({
  args,
  handler: async (ctx, { name }): Promise<string> => {
    await ctx.runMutation(internal.work.record, { what: "attempt for " + name });
    if (name !== "flaky") return "sent to " + name;
    const attempts = await ctx.runQuery(internal.work.attempts, { name });
    if (attempts < 2) throw new Error("not yet");
    return "sent at last";
  },
});
export const attempts = internalQuery({
  args,
  handler: async (ctx, { name }) =>
    (await ctx.db.query("log").collect()).filter((line) => line.what === "attempt for " + name).length,
});
export const record = internalMutation({ args: { what: v.string() }, handler: async (ctx, { what }) => { await ctx.db.insert("log", { what }); } });
export const completed = internalMutation({
  args: vOnCompleteArgs(v.object({ name: v.string() })),
  handler: async (ctx, { context, result }) => {
    const outcome = result.kind === "success" ? String(result.returnValue) : result.kind;
    await ctx.db.insert("log", { what: "completed " + context.name + ": " + outcome });
  },
});
export const log = query({ args: {}, handler: async (ctx) => (await ctx.db.query("log").collect()).map((line) => line.what) });
`,
  "convex/migrations.ts": `
import { Migrations } from "@convex-dev/migrations";
import { mutation, query } from "./_generated/server";
import { components } from "./_generated/api";
import type { DataModel } from "./_generated/dataModel";
import { v } from "convex/values";
export const migrations = new Migrations<DataModel>(components.migrations);
export const givePlan = migrations.define({
  table: "users",
  batchSize: 10,
  migrateOne: (_ctx, user) => user.plan === undefined ? { plan: "free" } : undefined,
});
export const run = migrations.runner();
export const addUsers = mutation({
  args: { count: v.number() },
  handler: async (ctx, { count }) => { for (let at = 0; at < count; at++) await ctx.db.insert("users", { name: "user " + at }); },
});
export const plans = query({ args: {}, handler: async (ctx) => (await ctx.db.query("users").collect()).map((user) => user.plan ?? null) });
`,
  "convex/limits.ts": `
import { MINUTE, RateLimiter } from "@convex-dev/rate-limiter";
import { mutation } from "./_generated/server";
import { components } from "./_generated/api";
import { v } from "convex/values";
const limiter = new RateLimiter(components.rateLimiter, {
  posts: { kind: "token bucket", rate: 2, period: MINUTE, capacity: 3 },
});
export const post = mutation({
  args: { user: v.string() },
  handler: async (ctx, { user }) => await limiter.limit(ctx, "posts", { key: user }),
});
export const reset = mutation({
  args: { user: v.string() },
  handler: async (ctx, { user }) => { await limiter.reset(ctx, "posts", { key: user }); },
});
`,
};

const { work, migrations, limits } = anyApi;

let dataFolder: string;
let run: ProjectRun;
let client: ConvexHttpClient;
beforeAll(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), "convex-data-"));
  run = await ProjectRun.start(PROJECT, { dataFolder });
  const { exitCode, stdout, stderr } = await run.convex("deploy", "--typecheck", "enable");
  if (exitCode !== 0) throw new Error(stdout + stderr);
  client = new ConvexHttpClient(run.url, { logger: false });
});
afterAll(async () => {
  await run[Symbol.asyncDispose]();
  await rm(dataFolder, { recursive: true, force: true });
});

async function until<T>(query: NonNullable<typeof work>[string], holds: (value: T) => boolean) {
  const updates = new Updates<T>();
  const live = new ConvexClient(run.url);
  try {
    live.onUpdate(query, {}, updates.add, updates.fail);
    return await updates.until(holds);
  } finally {
    await live.close();
  }
}

it("workpool runs what is enqueued, retries what fails, and tells when it is done", async () => {
  await client.mutation(work!.start!, { names: ["ann", "bob", "flaky"] });
  const isDone = (log: string[]) =>
    log.filter((line) => line.startsWith("completed")).length === 3 && log.includes("scraped");
  const log = await until<string[]>(work!.log!, isDone);
  expect(log.filter((line) => line.startsWith("completed")).sort()).toEqual([
    "completed ann: sent to ann",
    "completed bob: sent to bob",
    "completed flaky: sent at last",
  ]);
  expect(log.filter((line) => line === "attempt for flaky")).toHaveLength(2);
});

it("migrations walk a table in batches, and are not done twice", async () => {
  await client.mutation(migrations!.addUsers!, { count: 25 });
  const first = await run.convex("run", "migrations:run", '{"fn":"migrations:givePlan"}');
  expect(first.exitCode).toBe(0);
  const plans = await until<(string | null)[]>(migrations!.plans!, (all) => !all.includes(null));
  expect(plans).toEqual(Array.from({ length: 25 }, () => "free"));
  await client.mutation(migrations!.addUsers!, { count: 1 });
  const second = await run.convex("run", "migrations:run", '{"fn":"migrations:givePlan"}');
  expect(second.stdout + second.stderr).toContain("already done");
});

it("rate limiter lets through as many as its bucket holds, for each key, and none more", async () => {
  const post = async (user: string) =>
    ((await client.mutation(limits!.post!, { user })) as { ok: boolean }).ok;
  const posts: boolean[] = [];
  for (let at = 0; at < 5; at++) posts.push(await post("ann"));
  expect(posts).toEqual([true, true, true, false, false]);
  expect(await post("bob")).toBe(true);
  await client.mutation(limits!.reset!, { user: "ann" });
  expect(await post("ann")).toBe(true);
});

it("work that was enqueued before a restart is done after it, and limits and migrations stay", async () => {
  const post = async () =>
    ((await client.mutation(limits!.post!, { user: "carl" })) as { ok: boolean }).ok;
  expect([await post(), await post(), await post()]).toEqual([true, true, true]);
  await client.mutation(work!.startLate!, {});
  await run.restart({ dataFolder });
  client = new ConvexHttpClient(run.url, { logger: false });
  expect(await client.query(work!.log!, {})).not.toContain("late");
  expect(await post()).toBe(false);
  const again = await run.convex("run", "migrations:run", '{"fn":"migrations:givePlan"}');
  expect(again.stdout + again.stderr).toContain("already done");
  expect(await until<string[]>(work!.log!, (log) => log.includes("late"))).toContain("late");
});
