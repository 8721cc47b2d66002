import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { ProjectRun, type ProjectFiles } from "./temporaryProject.ts";

const schema = (staged: boolean) => `
import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
export default defineSchema({
  recipes: defineTable({ title: v.optional(v.string()), kitchen: v.optional(v.string()), taste: v.optional(v.array(v.number())) })
    .index("by_kitchen", { fields: ["kitchen"], staged: ${staged} })
    .searchIndex("by_title", { searchField: "title", filterFields: ["kitchen"] })
    .searchIndex("later", { searchField: "title", staged: ${staged} })
    .vectorIndex("by_taste", { vectorField: "taste", dimensions: 2 })
    .vectorIndex("taste_later", { vectorField: "taste", dimensions: 2, staged: ${staged} }),
});
`;

const PROJECT: ProjectFiles = {
  "convex/schema.ts": schema(true),
  "convex/recipes.ts": `
import { action, mutation, query } from "./_generated/server";
export const add = mutation((ctx, recipe: any) => ctx.db.insert("recipes", recipe));
const recipes = (ctx: any) => ctx.db.query("recipes");
export const indexed = query((ctx) => recipes(ctx).withIndex("by_kitchen").collect());
const search = (ctx: any, { index = "by_title", field = "title", text, by }: any) =>
  recipes(ctx).withSearchIndex(index, (q: any) => {
    const searched = q.search(field, text);
    return by === undefined ? searched : searched.eq(by.field, by.value);
  });
export const find = query(async (ctx, args: any) =>
  (await search(ctx, args).take(10)).map((recipe: any) => recipe.title));
export const page = query(async (ctx, { cursor, ...args }: any) => {
  const { page, ...rest } = await search(ctx, args).paginate({ cursor, numItems: 1 });
  return { titles: page.map((recipe: any) => recipe.title), ...rest };
});
export const addAndFind = mutation(async (ctx, { title }: any) => {
  await ctx.db.insert("recipes", { title });
  return (await search(ctx, { text: title }).collect()).length;
});
export const similar = action((ctx, { index }: any) => ctx.vectorSearch("recipes", index, { vector: [1, 0] }));
`,
};

let run: ProjectRun;
beforeAll(async () => {
  run = await ProjectRun.deployed(PROJECT);
  const recipes = [
    { title: "tacos al pastor", kitchen: "mexican" },
    { title: "pasta with pastis", kitchen: "french" },
    { kitchen: "raw" },
    { title: "salad", taste: [0, 1] },
    { title: "plum cake", taste: [1, 0] },
  ];
  for (const recipe of recipes) await call("mutation", "add", recipe);
});
afterAll(() => run[Symbol.asyncDispose]());

async function call(kind: string, name: string, args: object = {}): Promise<unknown> {
  const { body } = await run.post(`/api/${kind}`, { path: `recipes:${name}`, args });
  const answer = body as { status: string; value?: unknown; errorMessage?: string };
  if (answer.status === "error") throw new Error(answer.errorMessage);
  return answer.value;
}

describe("a text search", () => {
  it("finds the best first, and passes over documents without the field", async () => {
    expect(await call("query", "find", { text: "tacos past" })).toEqual([
      "tacos al pastor",
      "pasta with pastis",
    ]);
    const by = { field: "kitchen", value: "french" };
    expect(await call("query", "find", { text: "past", by })).toEqual(["pasta with pastis"]);
  });

  it("sees what its own transaction has written", async () => {
    expect(await call("mutation", "addAndFind", { title: "goulash" })).toBe(1);
    expect(await call("mutation", "addAndFind", { title: "goulash" })).toBe(2);
  });

  it("has pages in the order of its ranking", async () => {
    type Page = { titles: string[]; continueCursor: string; isDone: boolean };
    const first = (await call("query", "page", { text: "tacos past", cursor: null })) as Page;
    expect(first).toMatchObject({ titles: ["tacos al pastor"], isDone: false });
    const second = (await call("query", "page", {
      text: "tacos past",
      cursor: first.continueCursor,
    })) as Page;
    expect(second).toMatchObject({ titles: ["pasta with pastis"], isDone: false });
    const third = await call("query", "page", {
      text: "tacos past",
      cursor: second.continueCursor,
    });
    expect(third).toMatchObject({ titles: [], isDone: true });
  });

  it.each([
    [
      "an index that is not declared",
      { index: "by_kitchen_text" },
      "recipes.by_kitchen_text is not declared",
    ],
    ["another field than the index is of", { field: "kitchen" }, 'searches the field "title"'],
    ["a filter field that is not declared", { by: { field: "taste", value: "x" } }, "filterFields"],
  ])("is refused with %s", async (_what, args, message) => {
    await expect(call("query", "find", { text: "a", ...args })).rejects.toThrow(message);
  });
});

it("a vector search passes over documents without a vector", async () => {
  const found = (await call("action", "similar", { index: "by_taste" })) as { _score: number }[];
  expect(found.map(({ _score }) => _score)).toEqual([1, 0]);
});

it("staged indexes cannot be queried until they are enabled", async () => {
  const staged = (name: string) => `Index recipes.${name} is currently staged and not available`;
  const queries = [
    ["by_kitchen", () => call("query", "indexed")],
    ["later", () => call("query", "find", { text: "salad", index: "later" })],
    ["taste_later", () => call("action", "similar", { index: "taste_later" })],
  ] as const;
  for (const [name, ask] of queries) await expect(ask()).rejects.toThrow(staged(name));
  await run.project.write({ "convex/schema.ts": schema(false) });
  await run.deploy();
  for (const [, ask] of queries) expect(await ask()).not.toEqual([]);
});
