import type { ProjectFiles } from "./temporaryProject.ts";

/** For tests: a project with a component of its own that is mounted twice, and that has a component itself. */
export const MAILBOX_PROJECT: ProjectFiles = {
  "convex/convex.config.ts": `
import { defineApp } from "convex/server";
import { v } from "convex/values";
import mailbox from "../mailbox/convex.config";
const app = defineApp({ env: { SENDER: v.string() } });
app.use(mailbox, { httpPrefix: "/inbox/", env: { FROM: app.env.SENDER } });
app.use(mailbox, { name: "archive", env: { FROM: "nobody" } });
export default app;
`,
  "convex/schema.ts": `
import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
export default defineSchema({ letters: defineTable({ title: v.string() }) });
`,
  "convex/app.ts": `
import { action, internalMutation, mutation, query } from "./_generated/server";
import { api, components, internal } from "./_generated/api";
import { createFunctionHandle } from "convex/server";
declare const process: { env: Record<string, string> };
import { v } from "convex/values";
export const own = query({ args: {}, handler: async (ctx) => (await ctx.db.query("letters").collect()).map((l) => l.title) });
export const sent = query({ args: {}, handler: (ctx) => ctx.runQuery(components.mailbox.letters.list, {}) });
export const archived = query({ args: {}, handler: (ctx) => ctx.runQuery(components.archive.letters.list, {}) });
export const counted = query({ args: {}, handler: (ctx) => ctx.runQuery(components.mailbox.letters.counted, {}) });
export const send = mutation({
  args: { body: v.string() },
  handler: async (ctx, { body }) => {
    await ctx.db.insert("letters", { title: body });
    return await ctx.runMutation(components.mailbox.letters.add, { body });
  },
});
export const sendBoth = mutation({
  args: { body: v.string(), fail: v.boolean() },
  handler: async (ctx, { body, fail }) => {
    await ctx.runMutation(components.mailbox.letters.add, { body });
    await ctx.runMutation(components.archive.letters.add, { body });
    if (fail) throw new Error("on purpose");
  },
});
export const sendCarefully = mutation({
  args: { body: v.string() },
  handler: async (ctx, { body }) => {
    try { await ctx.runMutation(components.mailbox.letters.addThenThrow, { body }); }
    catch { await ctx.runMutation(components.archive.letters.add, { body }); }
  },
});
export const sendLater = mutation({
  args: { body: v.string() },
  handler: async (ctx, { body }) => { await ctx.scheduler.runAfter(0, components.archive.letters.add, { body }); },
});
export const noted = internalMutation({ args: { body: v.string() }, handler: (ctx, { body }) => ctx.db.insert("letters", { title: "noted " + body }) });
export const sendAndBeTold = mutation({
  args: { body: v.string() },
  handler: async (ctx, { body }) => {
    const onSent: string = await createFunctionHandle(internal.app.noted);
    await ctx.runMutation(components.mailbox.letters.addAndTell, { body, onSent });
  },
});
export const secret = query({ args: {}, handler: (ctx) => ctx.runQuery((components as any).mailbox.letters.secret, {}) });
export const senders = query({
  args: {},
  handler: async (ctx): Promise<unknown> => [
    await ctx.runQuery(components.mailbox.letters.variables, {}),
    await ctx.runQuery(components.archive.letters.variables, {}),
    process.env.SENDER,
  ],
});
export const byAction = action({ args: {}, handler: async (ctx): Promise<string> => await ctx.runAction(components.mailbox.letters.viaAction, {}) });
`,
  "convex/http.ts": `
import { httpRouter } from "convex/server";
import { httpAction } from "./_generated/server";
const http = httpRouter();
http.route({ path: "/inbox/own", method: "GET", handler: httpAction(async () => new Response("of the app")) });
export default http;
`,
  "mailbox/convex.config.ts": `
import { defineComponent } from "convex/server";
import { v } from "convex/values";
import counter from "../counter/convex.config";
const component = defineComponent("mailbox", { env: { FROM: v.string() } });
component.use(counter);
export default component;
`,
  "mailbox/schema.ts": `
import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
export default defineSchema({
  letters: defineTable({ body: v.string(), at: v.optional(v.number()) }).index("by_body", ["body"]),
});
`,
  "mailbox/letters.ts": `
import { action, internalQuery, mutation, query } from "./_generated/server";
import { api, components } from "./_generated/api";
import { v } from "convex/values";
declare const process: { env: Record<string, string> };
let loads = 0;
export const list = query({
  args: {},
  returns: v.array(v.string()),
  handler: async (ctx) => (await ctx.db.query("letters").withIndex("by_body").collect()).map((l) => l.body),
});
export const add = mutation({
  args: { body: v.string() },
  returns: v.string(),
  handler: async (ctx, { body }) => {
    await ctx.runMutation(components.counter.counts.increase, {});
    return await ctx.db.insert("letters", { body });
  },
});
export const addThenThrow = mutation({
  args: { body: v.string() },
  handler: async (ctx, { body }) => { await ctx.db.insert("letters", { body }); throw new Error("full"); },
});
export const addAndTell = mutation({
  args: { body: v.string(), onSent: v.string() },
  handler: async (ctx, { body, onSent }) => {
    await ctx.db.insert("letters", { body });
    await ctx.scheduler.runAfter(0, onSent as any, { body });
  },
});
export const counted = query({ args: {}, returns: v.number(), handler: (ctx) => ctx.runQuery(components.counter.counts.get, {}) });
export const secret = internalQuery({ args: {}, handler: () => "secret" });
export const variables = query({
  args: {},
  returns: v.any(),
  handler: () => ({ from: process.env.FROM, sender: process.env.SENDER ?? null, site: process.env.CONVEX_SITE_URL }),
});
export const viaAction = action({
  args: {},
  returns: v.string(),
  handler: async (ctx): Promise<string> => (await ctx.runQuery(api.letters.list, {})).join() + "/" + ++loads,
});
`,
  "mailbox/http.ts": `
import { httpRouter } from "convex/server";
import { httpAction } from "./_generated/server";
import { api } from "./_generated/api";
const http = httpRouter();
http.route({ path: "/letters", method: "GET", handler: httpAction(async (ctx) => Response.json(await ctx.runQuery(api.letters.list, {}))) });
export default http;
`,
  "mailbox/crons.ts": `
import { cronJobs } from "convex/server";
import { api } from "./_generated/api";
const crons = cronJobs();
crons.interval("daily letter", { hours: 24 }, api.letters.add, { body: "by cron" });
export default crons;
`,
  "counter/convex.config.ts": `
import { defineComponent } from "convex/server";
export default defineComponent("counter");
`,
  "counter/counts.ts": `
import { mutation, query } from "./_generated/server";
import { v } from "convex/values";
export const get = query({ args: {}, returns: v.number(), handler: async (ctx) => (await ctx.db.query("counts").collect()).length });
export const increase = mutation({ args: {}, returns: v.null(), handler: async (ctx) => { await ctx.db.insert("counts", {}); return null; } });
`,
};
