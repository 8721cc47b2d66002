/** What the README's table of differences says, where no other test shows it. */
import { afterAll, beforeAll, expect, it } from "vitest";

import { NOTES_PROJECT } from "./notesProject.ts";
import { ProjectRun } from "./temporaryProject.ts";

let run: ProjectRun;
beforeAll(async () => {
  run = await ProjectRun.deployed(
    {
      ...NOTES_PROJECT,
      "convex/runtime.ts": `import { action, query } from "./_generated/server";
export const node = query({ args: {}, handler: () => typeof (globalThis as any).process.versions.node });
export const wait = action({ args: {}, handler: () => new Promise<null>((resolve) => setTimeout(() => resolve(null), 30_000)) });`,
    },
    { limits: { transactionMs: 1000 } },
  );
});
afterAll(() => run[Symbol.asyncDispose]());

it("functions see Node's runtime", async () => {
  const { body } = await run.post("/api/query", { path: "runtime:node", args: {} });
  expect(body).toEqual({ status: "success", value: "string" });
});

it("prints whole numbers without a point", async () => {
  const response = await fetch(`${run.url}/api/query`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"path":"notes:echo","args":{"value":1}}',
  });
  expect(await response.text()).toBe('{"status":"success","value":1}');
});

it("an action that waits is told when another function has blocked the deployment", async () => {
  const waiting = run.post("/api/action", { path: "runtime:wait", args: {} });
  await run.post("/api/mutation", { path: "notes:loop", args: {} });
  expect(JSON.stringify((await waiting).body)).toContain("This action was interrupted");
});
