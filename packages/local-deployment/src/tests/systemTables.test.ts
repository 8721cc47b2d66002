import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

import { ProjectRun, type ProjectFiles } from "./temporaryProject.ts";

const PROJECT: ProjectFiles = {
  "convex/documents.ts": `
import { mutation, query } from "./_generated/server";
export const add = mutation((ctx) => ctx.db.insert("notes", { text: "kept" } as never));
export const get = query((ctx, { id }: any) => ctx.db.get(id));
export const getSystem = query((ctx, { id }: any) => ctx.db.system.get(id));
export const patch = mutation((ctx, { id }: any) => ctx.db.patch(id, { name: "other" } as never));
export const replace = mutation((ctx, { id }: any) => ctx.db.replace(id, { name: "other" } as never));
export const remove = mutation((ctx, { id }: any) => ctx.db.delete(id));
`,
  "convex/jobs.ts": `
import { action, internalAction, internalMutation, mutation } from "./_generated/server";
import { api, internal } from "./_generated/api";
const DAY = 86_400_000;
export const later = mutation((ctx) => ctx.scheduler.runAfter(DAY, internal.jobs.look, {}));
export const now = mutation((ctx) => ctx.scheduler.runAfter(0, internal.jobs.look, {}));
export const nowAndCancel = mutation((ctx) => ctx.scheduler.runAfter(0, internal.jobs.cancelItself, {}));
export const actionThatIsCancelled = mutation((ctx) => ctx.scheduler.runAfter(0, internal.jobs.act, {}));
const running = async (ctx: any) =>
  (await ctx.db.system.query("_scheduled_functions").collect()).filter((job: any) => job.state.kind === "inProgress");
export const look = internalMutation(async (ctx) => {
  const states = (await running(ctx)).map((job) => job.name);
  await ctx.db.insert("notes", { text: "look", states } as never);
});
export const cancelItself = internalMutation(async (ctx) => {
  for (const job of await running(ctx)) await ctx.scheduler.cancel(job._id);
  await ctx.db.insert("notes", { text: "cancelled" } as never);
});
export const act = internalAction((ctx) => ctx.runMutation(internal.jobs.cancelItself, {}));
export const cancel = mutation((ctx, { id }: any) => ctx.scheduler.cancel(id));
export const notes = mutation((ctx) => ctx.db.query("notes" as never).collect());
`,
};

let run: ProjectRun;
beforeAll(async () => {
  run = await ProjectRun.deployed(PROJECT);
});
afterAll(() => run[Symbol.asyncDispose]());

async function call(path: string, args: object = {}): Promise<unknown> {
  const { adminKey } = run.deployment;
  const authorization = `Convex ${adminKey}`;
  const { body } = await run.post("/api/function", { path, args }, { authorization });
  const answer = body as { status: string; value?: unknown; errorMessage?: string };
  if (answer.status === "error") throw new Error(answer.errorMessage);
  return answer.value;
}
const job = async (id: unknown) => (await call("documents:getSystem", { id })) as { name: string };
const becomes = async (id: unknown, kind: string) =>
  await vi.waitFor(async () => expect(await job(id)).toMatchObject({ state: { kind } }), 10_000);

describe("the documents of a system table", () => {
  it("are read with db.system, and those of other tables are not", async () => {
    const id = await call("jobs:later");
    const note = await call("documents:add");
    expect(await job(id)).toMatchObject({ _id: id, state: { kind: "pending" } });
    await expect(call("documents:get", { id })).rejects.toThrow(/_scheduled_functions.*db\.system/);
    await expect(call("documents:getSystem", { id: note })).rejects.toThrow(/notes.*db\.system/);
  });

  it.each(["patch", "replace", "remove"])("cannot be changed with %s", async (operation) => {
    const id = await call("jobs:later");
    await expect(call(`documents:${operation}`, { id })).rejects.toThrow(
      /_scheduled_functions.*only be read/,
    );
    expect(await job(id)).toMatchObject({ name: "jobs:look", state: { kind: "pending" } });
  });
});

describe("a scheduled function", () => {
  it("sees itself in progress, and succeeds", async () => {
    const id = await call("jobs:now");
    await becomes(id, "success");
    expect(await call("jobs:notes")).toContainEqual(
      expect.objectContaining({ text: "look", states: ["jobs:look"] }),
    );
  });

  it.each(["nowAndCancel", "actionThatIsCancelled"])(
    "that is cancelled while it runs stays so, and what it wrote stays (%s)",
    async (path) => {
      const before = (await call("jobs:notes")) as unknown[];
      const id = await call(`jobs:${path}`);
      await becomes(id, "canceled");
      await vi.waitFor(async () => {
        const after = (await call("jobs:notes")) as { text: string }[];
        expect(after.slice(before.length).map(({ text }) => text)).toEqual(["cancelled"]);
      });
      expect(await job(id)).toMatchObject({ state: { kind: "canceled" } });
    },
  );

  it("that has ended is not cancelled any more; one that waits is, and says when", async () => {
    const ended = await call("jobs:now");
    await becomes(ended, "success");
    await call("jobs:cancel", { id: ended });
    expect(await job(ended)).toMatchObject({ state: { kind: "success" } });
    const waiting = await call("jobs:later");
    await call("jobs:cancel", { id: waiting });
    expect(await job(waiting)).toMatchObject({
      state: { kind: "canceled" },
      completedTime: expect.any(Number) as number,
    });
  });

  it("is not cancelled by the id of something else", async () => {
    const note = await call("documents:add");
    await expect(call("jobs:cancel", { id: note })).rejects.toThrow(
      /not the id of a scheduled function/,
    );
  });
});
