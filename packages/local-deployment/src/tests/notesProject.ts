import type { ProjectFiles } from "./temporaryProject.ts";

/** For tests: a small project that does a little of everything. */
export const NOTES_PROJECT: ProjectFiles = {
  "convex/schema.ts": `
import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
export default defineSchema({
  notes: defineTable({
    owner: v.string(),
    rank: v.number(),
    tags: v.optional(v.record(v.string(), v.number())),
  }).index("by_owner", ["owner", "rank"]),
});
`,
  "convex/notes.ts": `
import { action, internalMutation, mutation, query } from "./_generated/server";
import { internal } from "./_generated/api";
import { paginationOptsValidator } from "convex/server";
import { ConvexError, v } from "convex/values";

export const list = query({
  args: { owner: v.string() },
  handler: (ctx, { owner }) =>
    ctx.db.query("notes").withIndex("by_owner", (q) => q.eq("owner", owner)).take(100),
});
export const ranks = query({
  args: { owner: v.string() },
  returns: v.array(v.number()),
  handler: async (ctx, { owner }) => {
    const notes = await ctx.db
      .query("notes").withIndex("by_owner", (q) => q.eq("owner", owner)).collect();
    return notes.map((note) => note.rank);
  },
});
export const page = query({
  args: { owner: v.string(), paginationOpts: paginationOptsValidator },
  handler: (ctx, { owner, paginationOpts }) =>
    ctx.db.query("notes").withIndex("by_owner", (q) => q.eq("owner", owner)).paginate(paginationOpts),
});
export const add = mutation({
  args: {
    owner: v.string(),
    rank: v.number(),
    tags: v.optional(v.record(v.string(), v.number())),
  },
  returns: v.id("notes"),
  handler: (ctx, note) => {
    console.log("adding for", note.owner);
    return ctx.db.insert("notes", note);
  },
});
export const setRank = mutation({
  args: { id: v.id("notes"), rank: v.number() },
  handler: (ctx, { id, rank }) => ctx.db.patch(id, { rank }),
});
export const addThenThrow = mutation({
  args: {},
  handler: async (ctx) => {
    await ctx.db.insert("notes", { owner: "nobody", rank: 1 });
    throw new Error("on purpose");
  },
});
export const refuse = mutation({
  args: {},
  handler: () => { throw new ConvexError({ code: "REFUSED", count: 3n }); },
});
export const wrongResult = query({ args: {}, returns: v.string(), handler: () => 7 as never });
export const wrongDocument = mutation({
  args: {},
  handler: (ctx) => ctx.db.insert("notes", { owner: "a", rank: 1, tags: { a: "b" } } as never),
});
export const special = query({
  args: {},
  handler: () => ({ big: 5n, bytes: new Uint8Array([1, 2]).buffer, inf: Infinity }),
});
export const echo = query({ args: { value: v.any() }, handler: (_ctx, { value }) => value });
export const who = query({ args: {}, handler: (ctx) => ctx.auth.getUserIdentity() });
export const clear = internalMutation({
  args: {},
  handler: async (ctx) => {
    const notes = await ctx.db.query("notes").collect();
    for (const note of notes) await ctx.db.delete(note._id);
    return notes.length;
  },
});
export const clearLater = mutation({
  args: { ms: v.number() },
  handler: async (ctx, { ms }): Promise<string> =>
    await ctx.scheduler.runAfter(ms, internal.notes.clear, {}),
});
export const clearNow = action({
  args: {},
  handler: async (ctx): Promise<number> => await ctx.runMutation(internal.notes.clear, {}),
});
export const loop = mutation({
  args: {},
  handler: async (ctx) => {
    await ctx.db.insert("notes", { owner: "loop", rank: 1 });
    for (;;);
  },
});
export const never = query({ args: {}, handler: () => new Promise<null>(() => {}) });
export const actionLoop = action({ args: {}, handler: () => { for (;;); } });
export const actionNever = action({ args: {}, handler: () => new Promise<null>(() => {}) });
`,
};
