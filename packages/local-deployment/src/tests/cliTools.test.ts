import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { convexCliEnv, findConvexCli } from "../cli/convexCli.ts";
import { NOTES_PROJECT } from "./notesProject.ts";
import { ProjectRun } from "./temporaryProject.ts";

let run: ProjectRun;
beforeAll(async () => {
  run = await ProjectRun.deployed(NOTES_PROJECT, { env: { GIVEN: "at start" } });
});
afterAll(() => run[Symbol.asyncDispose]());

describe("convex codegen", () => {
  it("writes _generated and deploys nothing", async () => {
    await run.project.write({
      "convex/fresh.ts": `import { query } from "./_generated/server";
export const one = query({ args: {}, handler: () => 1 });`,
    });
    const { exitCode } = await run.convex("codegen", "--typecheck", "disable");
    expect(exitCode).toBe(0);
    const api = await readFile(join(run.project.cwd, "convex/_generated/api.d.ts"), "utf8");
    expect(api).toContain('import type * as fresh from "../fresh.js"');
    const { body } = await run.post("/api/query", { path: "fresh:one", args: {} });
    expect(JSON.stringify(body)).toContain("Could not find public function");
  });
});

describe("convex run", () => {
  it("runs public and internal functions and prints their result", async () => {
    const added = await run.convex("run", "notes:add", '{"owner":"run","rank":1}');
    expect(added.stdout.trim()).toMatch(/^"[0-9]+notes"$/);
    expect(added.stderr).toContain("adding for");
    const cleared = await run.convex("run", "notes:clear");
    expect(cleared).toMatchObject({ exitCode: 0, stdout: "1\n" });
  });

  it("acts as a user with --identity", async () => {
    const { stdout } = await run.convex("run", "notes:who", "--identity", '{"subject":"me"}');
    expect(JSON.parse(stdout)).toMatchObject({ subject: "me", issuer: "https://convex.test" });
  });

  it("says which functions there are when there is none of that name", async () => {
    const { exitCode, stderr } = await run.convex("run", "notes:nope");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("Could not find function for 'notes:nope'");
    expect(stderr).toContain("• notes:add");
  });

  it("prints what a function throws, with the line of the source", async () => {
    const { exitCode, stderr } = await run.convex("run", "notes:addThenThrow");
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /Uncaught Error: on purpose\n\s+at handler \(\.\.\/convex\/notes\.ts:\d+:\d+\)/,
    );
  });

  it("runs a query that is given with --inline-query, which can read and not write", async () => {
    await run.convex("run", "notes:add", '{"owner":"inline","rank":7}');
    const inline = (query: string) => run.convex("run", "--inline-query", query);
    const one =
      'const notes = await ctx.db.query("notes").collect(); return notes.map((n) => n.rank);';
    expect(JSON.parse((await inline(one)).stdout)).toContain(7);
    const failed = await inline("nothing.here");
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toContain("Uncaught ReferenceError: nothing is not defined");
    const writing = await inline('await ctx.db.insert("notes", { owner: "x", rank: 1 })');
    expect(writing.stderr).toContain("insert is not a function");
    await run.convex("run", "notes:clear");
  });
});

describe("convex env", () => {
  it("sets, gets, lists and removes variables", async () => {
    expect(await run.convex("env", "set", "COLOUR", "blue")).toMatchObject({ exitCode: 0 });
    expect((await run.convex("env", "get", "COLOUR")).stdout).toBe("blue\n");
    const { stdout } = await run.convex("env", "list", "--include-values");
    expect(stdout).toContain("COLOUR=blue");
    expect(stdout).toContain("GIVEN=");
    expect(await run.convex("env", "remove", "COLOUR")).toMatchObject({ exitCode: 0 });
    expect((await run.convex("env", "get", "COLOUR")).stdout).toBe("");
  });

  it("refuses a name that is none", async () => {
    const { exitCode, stderr } = await run.convex("env", "set", "NOT-A-NAME", "x");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("EnvironmentVariableNameInvalid");
  });
});

describe("convex data", () => {
  it("lists the tables, and a table's documents", async () => {
    await run.convex("run", "notes:add", '{"owner":"data","rank":2.5}');
    expect((await run.convex("data")).stdout.trim()).toBe("notes");
    const { stdout } = await run.convex("data", "notes", "--format", "jsonLines");
    expect(JSON.parse(stdout)).toMatchObject({ owner: "data", rank: 2.5 });
  });
});

describe("convex function-spec", () => {
  it("prints every function with its validators", async () => {
    const { stdout } = await run.convex("function-spec");
    const spec = JSON.parse(stdout) as { url: string; functions: { identifier: string }[] };
    expect(spec.url).toBe(run.url);
    expect(
      spec.functions.find(({ identifier }) => identifier === "notes.js:setRank"),
    ).toMatchObject({
      functionType: "Mutation",
      visibility: { kind: "public" },
      args: { type: "object", value: { rank: { fieldType: { type: "number" } } } },
    });
  });
});

describe("convex logs", () => {
  it("follows what functions print and throw", async () => {
    const { url, adminKey } = run.deployment;
    const { cwd } = run.project;
    const child = spawn(process.execPath, [findConvexCli(cwd), "logs"], {
      cwd,
      env: convexCliEnv({ url, adminKey, cwd }),
    });
    try {
      let seen = "";
      const until = (text: string) =>
        new Promise<void>((resolve) => {
          const look = (chunk: Buffer | string) => {
            seen += chunk.toString();
            if (seen.includes(text)) resolve();
          };
          child.stdout.on("data", look);
          child.stderr.on("data", look);
          look("");
        });
      await until("Watching logs");
      // The CLI shows what comes after its first request, so it may take more than one call.
      const calls = setInterval(() => {
        void run.post("/api/mutation", { path: "notes:add", args: { owner: "logs", rank: 1 } });
        void run.post("/api/mutation", { path: "notes:addThenThrow", args: {} });
      }, 100);
      try {
        await until("[CONVEX M(notes:add)] [LOG] 'adding for' 'logs'");
        await until("[CONVEX M(notes:addThenThrow)] Uncaught Error: on purpose");
      } finally {
        clearInterval(calls);
      }
    } finally {
      child.kill();
    }
  });
});

describe("convex dev --once", () => {
  it("pushes the project and writes the URL to .env.local", async () => {
    const { exitCode, stderr } = await run.convex("dev", "--once", "--typecheck", "disable");
    expect(stderr).toContain("Convex functions ready!");
    expect(exitCode).toBe(0);
    const env = await readFile(join(run.project.cwd, ".env.local"), "utf8");
    expect(env).toContain(`CONVEX_URL=${run.url}`);
    const { body } = await run.post("/api/query", { path: "fresh:one", args: {} });
    expect(body).toEqual({ status: "success", value: 1 });
  });
});
