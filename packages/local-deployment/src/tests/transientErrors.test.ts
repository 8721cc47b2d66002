import { ConvexClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

import { ProjectRun, type ProjectFiles } from "./temporaryProject.ts";

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

/** How often a mutation has met a conflict. */
async function conflicts(): Promise<number> {
  const headers = { authorization: `Convex ${run.deployment.adminKey}` };
  const response = await fetch(`${run.url}/api/stream_function_logs?cursor=0`, { headers });
  return (await response.text()).split("changed by another one").length - 1;
}

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
      const before = await conflicts();
      const sent = [call("conflict", "second"), call("write", "third")];
      await vi.waitFor(async () => expect(await conflicts()).toBeGreaterThan(before), 10_000);
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
