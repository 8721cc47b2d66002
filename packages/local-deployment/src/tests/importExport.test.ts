import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { ConvexHttpClient } from "convex/browser";
import { anyApi } from "convex/server";
import type { Value } from "convex/values";
import { strFromU8, strToU8, unzipSync, zipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { ProjectRun, type ProjectFiles } from "./temporaryProject.ts";

const PROJECT: ProjectFiles = {
  "convex/convex.config.ts": `
import { defineApp } from "convex/server";
import notebook from "../notebook/convex.config";
const app = defineApp();
app.use(notebook);
export default app;
`,
  "convex/schema.ts": `
import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
export default defineSchema({
  people: defineTable({ name: v.string(), friend: v.optional(v.id("people")) }),
  things: defineTable(v.any()),
});
`,
  "convex/data.ts": `
import { action, mutation, query } from "./_generated/server";
import { components } from "./_generated/api";
import { v } from "convex/values";
export const add = mutation({
  args: { table: v.union(v.literal("people"), v.literal("things")), fields: v.any() },
  handler: (ctx, { table, fields }) => ctx.db.insert(table, fields),
});
export const all = query({
  args: { table: v.union(v.literal("people"), v.literal("things")) },
  handler: (ctx, { table }) => ctx.db.query(table).collect(),
});
export const friendOf = query({
  args: { name: v.string() },
  handler: async (ctx, { name }) => {
    const person = (await ctx.db.query("people").collect()).find((each) => each.name === name);
    return person?.friend === undefined ? null : (await ctx.db.get(person.friend))?.name;
  },
});
export const store = action({ args: { text: v.string() }, handler: (ctx, { text }) => ctx.storage.store(new Blob([text], { type: "text/plain" })) });
export const url = query({ args: { id: v.id("_storage") }, handler: (ctx, { id }) => ctx.storage.getUrl(id) });
export const write = mutation({ args: { text: v.string() }, handler: (ctx, { text }) => ctx.runMutation(components.notebook.pages.write, { text }) });
export const pages = query({ args: {}, handler: (ctx) => ctx.runQuery(components.notebook.pages.all, {}) });
`,
  "notebook/convex.config.ts": `
import { defineComponent } from "convex/server";
export default defineComponent("notebook");
`,
  "notebook/pages.ts": `
import { mutation, query } from "./_generated/server";
import { v } from "convex/values";
export const write = mutation({ args: { text: v.string() }, handler: async (ctx, { text }) => { await ctx.db.insert("pages", { text }); } });
export const all = query({ args: {}, handler: async (ctx) => (await ctx.db.query("pages").collect()).map((page) => page.text) });
`,
};

const { data } = anyApi;
type Document = Record<string, Value>;

let folder: string;
let run: ProjectRun;
let client: ConvexHttpClient;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "convex-snapshots-"));
  run = await ProjectRun.deployed(PROJECT);
  client = new ConvexHttpClient(run.url, { logger: false });
});
afterAll(async () => {
  await run[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const allOf = async (table: string, of = client) =>
  (await of.query(data!.all!, { table })) as Document[];
const add = async (table: string, fields: Document) =>
  (await client.mutation(data!.add!, { table, fields })) as string;

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

async function rowsOf(path: string, entry: string): Promise<string[]> {
  const entries = unzipSync(await readFile(path));
  return strFromU8(entries[entry]!).trim().split("\n");
}

describe("a backup", () => {
  const values: Document = {
    int: 5n,
    huge: 2n ** 62n,
    float: 1,
    fraction: 0.25,
    minusZero: -0,
    infinite: Infinity,
    bytes: new Uint8Array([1, 2, 255]).buffer,
    nested: [{ text: 'with "quotes" and \n' }, null, true],
  };

  it("of convex export is restored by convex import into another deployment, as it was", async () => {
    await add("things", values);
    const ann = await add("people", { name: "Ann" });
    await add("people", { name: "Bob", friend: ann });
    await client.mutation(data!.write!, { text: "in a component" });
    const fileId = (await client.action(data!.store!, { text: "in a file" })) as string;
    const path = join(folder, "backup.zip");
    const exported = await run.convex("export", "--include-file-storage", "--path", path);
    expect(exported.stderr).toContain("Created snapshot export at timestamp");
    expect(exported.exitCode).toBe(0);

    await using other = await ProjectRun.deployed(PROJECT);
    const imported = await other.convex("import", path);
    expect(imported.stderr).toContain("Added 5 documents");
    const reader = new ConvexHttpClient(other.url, { logger: false });
    for (const table of ["people", "things"])
      expect(await allOf(table, reader)).toEqual(await allOf(table));
    expect(await reader.query(data!.friendOf!, { name: "Bob" })).toBe("Ann");
    expect(await reader.query(data!.pages!, {})).toEqual(["in a component"]);
    const url = (await reader.query(data!.url!, { id: fileId })) as string;
    expect(await (await fetch(url)).text()).toBe("in a file");
    const eve = { table: "people", fields: { name: "Eve" } };
    const later = (await reader.mutation(data!.add!, eve)) as string;
    expect(await allOf("people", reader)).toContainEqual(
      expect.objectContaining({ _id: later, name: "Eve" }),
    );
  });

  it("is laid out as Convex's own", async () => {
    const path = join(folder, "layout.zip");
    await run.convex("export", "--include-file-storage", "--path", path);
    const entries = Object.keys(unzipSync(await readFile(path)));
    expect(entries).toEqual(
      expect.arrayContaining([
        "README.md",
        "_tables/documents.jsonl",
        "people/documents.jsonl",
        "people/generated_schema.jsonl",
        "_storage/documents.jsonl",
        "_components/notebook/pages/documents.jsonl",
      ]),
    );
    expect(entries.filter((name) => /^_storage\/.*\.txt$/.test(name))).toHaveLength(1);
    const [thing] = await rowsOf(path, "things/documents.jsonl");
    expect(thing).toContain('"int":5,');
    expect(thing).toContain('"float":1.0,');
    expect(thing).toContain('"minusZero":-0.0,');
  });

  it("of another backend gets ids of this one, and what refers to them still does", async () => {
    const people = [
      { _id: "j57cz0b7z9n2k0n1v1t6x0e6k97f3b2a", _creationTime: 1700000000000.5, name: "Kim" },
      { _id: "j57d1m2q3r4s5t6v7w8x9y0z1a7f3b2b", _creationTime: 1700000000001, name: "Lee" },
    ];
    const [kim, lee] = people;
    const lines = [kim, { ...lee, friend: kim?._id }].map((each) => JSON.stringify(each));
    const path = await file(
      "foreign.zip",
      zipSync({
        "snapshot/people/documents.jsonl": strToU8(lines.join("\n")),
        "snapshot/_tables/documents.jsonl": strToU8('{"name":"people","id":10001}\n'),
      }),
    );
    const { exitCode } = await run.convex("import", "--append", path);
    expect(exitCode).toBe(0);
    expect(await client.query(data!.friendOf!, { name: "Lee" })).toBe("Kim");
    expect(await allOf("people")).toContainEqual(
      expect.objectContaining({ name: "Kim", _creationTime: kim?._creationTime }),
    );
  });
});

describe("convex import into a table", () => {
  it.each([
    ["a.jsonl", '{"name":"from lines"}\n'],
    ["a.json", '[{"name":"from an array"}]'],
    ["a.csv", "name\nfrom a table\n"],
  ])("reads %s", async (name, content) => {
    const path = await file(name, content);
    const { exitCode } = await run.convex("import", "--append", "--table", "people", path);
    expect(exitCode).toBe(0);
    expect(JSON.stringify(await allOf("people"))).toContain('"from ');
  });

  it("reads numbers as floats, in CSV too", async () => {
    const path = await file("numbers.csv", "count,label\n5,five\n0.5,half\n");
    await run.convex("import", "--replace", "--yes", "--table", "things", path);
    expect(await allOf("things")).toMatchObject([
      { count: 5, label: "five" },
      { count: 0.5, label: "half" },
    ]);
  });

  it("replaces what is there only when it is told to", async () => {
    const path = await file("one.jsonl", '{"name":"only"}\n');
    const refused = await run.convex("import", "--table", "people", path);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain("Table people already exists.");
    await run.convex("import", "--replace", "--yes", "--table", "people", path);
    expect(await allOf("people")).toMatchObject([{ name: "only" }]);
  });

  it("writes nothing if one document does not fit the schema", async () => {
    const before = await allOf("people");
    const path = await file("bad.jsonl", '{"name":"good"}\n{"name":5}\n');
    const { exitCode, stderr } = await run.convex("import", "--append", "--table", "people", path);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("does not match the schema");
    expect(await allOf("people")).toEqual(before);
  });

  it("says which row is no JSON", async () => {
    const path = await file("broken.jsonl", '{"name":"good"}\n{"name":\n');
    const { exitCode, stderr } = await run.convex("import", "--append", "--table", "people", path);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("Row 2 wasn't valid JSON");
  });

  it("writes into a component with --component", async () => {
    const path = await file("pages.jsonl", '{"text":"imported"}\n');
    await run.convex("import", "--append", "--component", "notebook", "--table", "pages", path);
    expect(await client.query(data!.pages!, {})).toContain("imported");
  });
});
