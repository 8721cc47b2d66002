import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { ProjectRun, type ProjectFiles } from "./temporaryProject.ts";

const PROJECT: ProjectFiles = {
  "convex/plain.ts": `
import { action } from "./_generated/server";
export const never = action(() => new Promise<null>(() => {}));
`,
  "convex/node.ts": `
"use node";
import fs from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { action } from "./_generated/server";
const forever = () => new Promise<null>(() => {});
export const never = action(forever);
export const timer = action(() => { setTimeout(() => { throw new Error("in a timer"); }, 1); return forever(); });
export const callback = action(() => { fs.exists("nothing", () => { throw new Error("in a callback"); }); return forever(); });
export const rejection = action(() => { void delay(1).then(() => { throw new Error("not caught"); }); return forever(); });
export const after = action(() => { setTimeout(() => { throw new Error("too late"); }, 1); return "done"; });
export const works = action(() => "works");
export const times = action(async () => {
  console.time();
  console.timeLog();
  console.time("step");
  console.time("step");
  console.timeLog("step", "one", 2);
  console.timeEnd("step");
  console.timeEnd("step");
});
`,
};

let run: ProjectRun;
beforeAll(async () => {
  run = await ProjectRun.deployed(PROJECT, { limits: { actionMs: 2500 } });
});
afterAll(() => run[Symbol.asyncDispose]());

async function act(
  path: string,
): Promise<{ value?: unknown; errorMessage?: string; logLines?: string[] }> {
  return (await run.post("/api/action", { path, args: {} })).body as object;
}

describe("an action that waits for ever is ended", () => {
  it("by the time limit of all functions", async () => {
    const { errorMessage } = await act("plain:never");
    expect(errorMessage).toMatch(/\nFunction execution timed out \(maximum duration: 2.5s\)$/);
  });

  it("by a time limit that says its name, where it uses node", async () => {
    const { errorMessage } = await act("node:never");
    expect(errorMessage).toMatch(
      /\nAction `never` execution timed out \(maximum duration: 2.5s\)$/,
    );
  });

  it.each([
    ["timer", "Uncaught uncaughtException: in a timer"],
    ["callback", "Uncaught uncaughtException: in a callback"],
    ["rejection", "Uncaught unhandledRejection: not caught"],
  ])("at once by what its %s throws, and the next action runs", async (name, message) => {
    for (const _ of [1, 2]) {
      const { errorMessage } = await act(`node:${name}`);
      expect(errorMessage).toContain(`Server Error\n${message}\n    at `);
    }
    expect(await act("node:works")).toMatchObject({ value: "works" });
  });
});

it("an action that has been answered is not failed by what it throws later", async () => {
  expect(await act("node:after")).toMatchObject({ value: "done" });
  expect(await act("node:works")).toMatchObject({ value: "works" });
});

it("console.time, timeLog and timeEnd print how long it took, and which timers there are not", async () => {
  const { logLines = [] } = await act("node:times");
  expect(logLines.map((line) => line.replace(/\d+ms/, "Nms"))).toEqual([
    "[INFO] 'default: Nms'",
    "[WARN] \"Timer 'step' already exists\"",
    "[INFO] 'step: Nms' 'one' 2",
    "[INFO] 'step: Nms'",
    "[WARN] \"Timer 'step' does not exist\"",
  ]);
});
