import { ConvexClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { ProjectRun, type ProjectFiles } from "../testing/temporaryProject.ts";

const PROJECT: ProjectFiles = {
  "convex/notes.ts": `
import { mutation, query } from "./_generated/server";
declare const Convex: { syscall(op: string, args: string): string };
const add = (ctx: any, text: string) => ctx.db.insert("notes", { text });
export const write = mutation((ctx, { text }: any) => add(ctx, text));
/** Fails until there is a document. */
const once = (syscall: string) => mutation(async (ctx, { text }: any) => {
  await add(ctx, text);
  if ((await ctx.db.query("notes" as never).take(2)).length < 2) Convex.syscall(syscall, "{}");
});
export const conflict = once("throwOcc");
export const overload = once("throwOverloaded");
export const list = query(async (ctx) => (await ctx.db.query("notes" as never).collect()).map((note: any) => note.text));
`,
};

let run: ProjectRun;
beforeAll(async () => {
  run = await ProjectRun.deployed(PROJECT);
});
afterAll(() => run[Symbol.asyncDispose]());

const post = (kind: string, name: string, args: object = {}) =>
  run.post(`/api/${kind}`, { path: `notes:${name}`, args });

describe("a mutation that fails for the moment", () => {
  it.each([
    ["conflict", "OptimisticConcurrencyControlFailure"],
    ["overload", "Busy"],
  ])("is answered over HTTP with 503, and has written nothing (%s)", async (name, code) => {
    expect(await post("mutation", name, { text: "lost" })).toMatchObject({
      status: 503,
      body: { code },
    });
    expect((await post("query", "list")).body).toMatchObject({ value: [] });
  });

  it("is sent again by a client that is connected, in its order, until it succeeds once", async () => {
    const client = new ConvexClient(run.url);
    const call = (name: string, text: string) =>
      client.mutation(makeFunctionReference<"mutation">(`notes:${name}`), { text });
    try {
      const sent = [call("conflict", "second"), call("write", "third")];
      await post("mutation", "write", { text: "first" });
      await Promise.all(sent);
      expect((await post("query", "list")).body).toMatchObject({
        value: ["first", "second", "third"],
      });
    } finally {
      await client.close();
    }
  });
});
