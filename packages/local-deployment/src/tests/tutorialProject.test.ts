import { ConvexClient, ConvexHttpClient } from "convex/browser";
import { makeFunctionReference, type FunctionReference } from "convex/server";
import { afterAll, beforeAll, expect, it } from "vitest";

import { ProjectRun, type ProjectFiles } from "./temporaryProject.ts";
import { Updates } from "./updates.ts";

/** A project as one has it after Convex's tutorial: not ours, and of everything a little. */
const CHAT: ProjectFiles = {
  "convex/schema.ts": `
import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
export default defineSchema({
  channels: defineTable({ name: v.string(), topic: v.optional(v.string()) }).index("by_name", ["name"]),
  messages: defineTable({
    channel: v.id("channels"),
    author: v.string(),
    body: v.string(),
    kind: v.union(v.literal("text"), v.object({ reaction: v.string() })),
  }).index("by_channel", ["channel"]).index("by_channel_author", ["channel", "author"])
    .searchIndex("search_body", { searchField: "body", filterFields: ["channel"] }),
  likes: defineTable({ message: v.id("messages"), user: v.string() }).index("by_message", ["message", "user"]),
  beats: defineTable({ at: v.number() }),
});
`,
  "convex/channels.ts": `
import { mutation, query } from "./_generated/server";
import { v } from "convex/values";
export const create = mutation({
  args: { name: v.string() },
  returns: v.id("channels"),
  handler: async (ctx, { name }) => {
    const existing = await ctx.db.query("channels").withIndex("by_name", (q) => q.eq("name", name)).unique();
    return existing ? existing._id : await ctx.db.insert("channels", { name });
  },
});
export const list = query({ args: {}, handler: (ctx) => ctx.db.query("channels").order("desc").collect() });
`,
  "convex/messages.ts": `
import { action, internalMutation, mutation, query } from "./_generated/server";
import { internal } from "./_generated/api";
import { paginationOptsValidator } from "convex/server";
import { v } from "convex/values";
import { excerpt } from "./text/excerpt";

export const send = mutation({
  args: { channel: v.id("channels"), author: v.string(), body: v.string() },
  handler: async (ctx, { channel, author, body }) => {
    const message = await ctx.db.insert("messages", { channel, author, body, kind: "text" });
    if (body.startsWith("/remind")) await ctx.scheduler.runAfter(1, internal.messages.remind, { channel, body });
    return message;
  },
});
export const remind = internalMutation({
  args: { channel: v.id("channels"), body: v.string() },
  handler: (ctx, { channel, body }) =>
    ctx.db.insert("messages", { channel, author: "bot", body: excerpt(body), kind: { reaction: "bell" } }),
});
export const list = query({
  args: { channel: v.id("channels"), paginationOpts: paginationOptsValidator },
  handler: (ctx, { channel, paginationOpts }) =>
    ctx.db.query("messages").withIndex("by_channel", (q) => q.eq("channel", channel)).order("desc").paginate(paginationOpts),
});
export const search = query({
  args: { channel: v.id("channels"), text: v.string() },
  handler: (ctx, { channel, text }) =>
    ctx.db.query("messages").withSearchIndex("search_body", (q) => q.search("body", text).eq("channel", channel)).take(10),
});
export const byAuthor = query({
  args: { channel: v.id("channels"), author: v.string() },
  handler: async (ctx, { channel, author }) =>
    (await ctx.db.query("messages")
      .withIndex("by_channel_author", (q) => q.eq("channel", channel).gte("author", author))
      .filter((q) => q.neq(q.field("author"), "bot")).collect()).map((m) => m.author),
});
export const like = mutation({
  args: { message: v.id("messages"), user: v.string() },
  handler: async (ctx, { message, user }) => {
    const liked = await ctx.db.query("likes").withIndex("by_message", (q) => q.eq("message", message).eq("user", user)).first();
    if (liked) await ctx.db.delete(liked._id);
    else await ctx.db.insert("likes", { message, user });
    return (await ctx.db.query("likes").withIndex("by_message", (q) => q.eq("message", message)).collect()).length;
  },
});
export const sendTwice = action({
  args: { channel: v.id("channels"), body: v.string() },
  handler: async (ctx, args): Promise<number> => {
    await Promise.all([1, 2].map(() => ctx.runMutation(internal.messages.remind, args)));
    return 2;
  },
});
`,
  "convex/text/excerpt.ts": `export const excerpt = (text: string) => text.replace("/remind ", "").slice(0, 20);`,
  "convex/http.ts": `
import { httpRouter } from "convex/server";
import { httpAction } from "./_generated/server";
import { api } from "./_generated/api";
const http = httpRouter();
http.route({
  path: "/post", method: "POST",
  handler: httpAction(async (ctx, request) => {
    const { channel, body } = await request.json();
    const id = await ctx.runMutation(api.messages.send, { channel, author: "web", body });
    return new Response(JSON.stringify({ id, path: new URL(request.url).pathname }), {
      status: 201, headers: { "content-type": "application/json", "x-own": "yes" },
    });
  }),
});
http.route({ pathPrefix: "/channel/", method: "GET", handler: httpAction(async (_ctx, request) => new Response(new URL(request.url).pathname)) });
http.route({ path: "/throw", method: "GET", handler: httpAction(async () => { throw new Error("in http"); }) });
export default http;
`,
  "convex/crons.ts": `
import { cronJobs } from "convex/server";
import { internal } from "./_generated/api";
const crons = cronJobs();
crons.interval("beat", { seconds: 1 }, internal.beats.beat);
crons.daily("nightly", { hourUTC: 3, minuteUTC: 0 }, internal.beats.beat);
export default crons;
`,
  "convex/beats.ts": `
import { internalMutation, query } from "./_generated/server";
export const beat = internalMutation({ args: {}, handler: (ctx) => ctx.db.insert("beats", { at: Date.now() }) });
export const count = query({ args: {}, handler: async (ctx) => (await ctx.db.query("beats").collect()).length });
`,
};

/** A reference that passes for any type of function: the project has no types here. */
function fn(path: string) {
  return makeFunctionReference(path) as FunctionReference<never>;
}

let run: ProjectRun;
let client: ConvexHttpClient;
let channel: string;
beforeAll(async () => {
  run = await ProjectRun.deployed(CHAT);
  client = new ConvexHttpClient(run.url, { logger: false });
  channel = (await client.mutation(fn("channels:create"), { name: "general" })) as string;
});
afterAll(() => run[Symbol.asyncDispose]());

it("typechecks and deploys as its authors would do it", async () => {
  const { exitCode, stderr } = await run.convex("deploy", "--typecheck", "enable");
  expect(stderr).toContain("Deployed Convex functions");
  expect(exitCode).toBe(0);
});

it("finds documents by index, and one by unique()", async () => {
  expect(await client.mutation(fn("channels:create"), { name: "general" })).toBe(channel);
  for (const author of ["ann", "bob", "cleo"])
    await client.mutation(fn("messages:send"), { channel, author, body: `hello from ${author}` });
  expect(await client.query(fn("messages:byAuthor"), { channel, author: "b" })).toEqual([
    "bob",
    "cleo",
  ]);
});

it("searches text with a filter", async () => {
  const found = (await client.query(fn("messages:search"), { channel, text: "bob" })) as {
    author: string;
  }[];
  expect(found.map(({ author }) => author)).toEqual(["bob"]);
});

it("pages through a query to its end", async () => {
  const bodies: string[] = [];
  let cursor: string | null = null;
  for (let isDone = false; !isDone;) {
    const page = (await client.query(fn("messages:list"), {
      channel,
      paginationOpts: { numItems: 2, cursor },
    })) as { page: { body: string }[]; isDone: boolean; continueCursor: string };
    bodies.push(...page.page.map(({ body }) => body));
    ({ isDone, continueCursor: cursor } = page);
  }
  expect(bodies).toEqual(["hello from cleo", "hello from bob", "hello from ann"]);
});

it("reads in a mutation what the same mutation has written", async () => {
  const sent = { channel, author: "ann", body: "like me" };
  const message = (await client.mutation(fn("messages:send"), sent)) as string;
  expect(await client.mutation(fn("messages:like"), { message, user: "bob" })).toBe(1);
  expect(await client.mutation(fn("messages:like"), { message, user: "ann" })).toBe(2);
  expect(await client.mutation(fn("messages:like"), { message, user: "bob" })).toBe(1);
});

it("runs internal functions from an action, and scheduled functions in their time", async () => {
  const live = new ConvexClient(run.url, { logger: false });
  try {
    const found = new Updates<{ author: string; kind: unknown }[]>();
    live.onUpdate(fn("messages:search"), { channel, text: "tea" }, found.add, found.fail);
    await client.mutation(fn("messages:send"), { channel, author: "ann", body: "/remind tea" });
    await found.until((all) => all.some(({ author }) => author === "bot"));
    await client.action(fn("messages:sendTwice"), { channel, body: "tea again" });
    await found.until((all) => all.filter(({ author }) => author === "bot").length === 3);
  } finally {
    await live.close();
  }
});

it("runs its crons", async () => {
  const live = new ConvexClient(run.url, { logger: false });
  try {
    const beats = new Updates<number>();
    live.onUpdate(fn("beats:count"), {}, beats.add, beats.fail);
    await beats.until((count) => count >= 2);
  } finally {
    await live.close();
  }
});

it("serves HTTP actions below the site URL", async () => {
  const { siteUrl } = run.deployment;
  const posted = await fetch(`${siteUrl}/post`, {
    method: "POST",
    body: JSON.stringify({ channel, body: "over http" }),
  });
  expect(posted.status).toBe(201);
  expect(posted.headers.get("x-own")).toBe("yes");
  expect(await posted.json()).toMatchObject({ path: "/http/post" });
  expect(await (await fetch(`${siteUrl}/channel/7`)).text()).toBe("/http/channel/7");
  expect((await fetch(`${siteUrl}/nothing`)).status).toBe(404);
  const failed = await fetch(`${siteUrl}/throw`);
  expect(failed.status).toBe(500);
  expect(await failed.text()).toContain("Uncaught Error: in http");
});
