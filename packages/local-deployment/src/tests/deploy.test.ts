import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { runConvexCli } from "../cli/convexCli.ts";
import { NOTES_PROJECT } from "./notesProject.ts";
import { ProjectRun } from "./temporaryProject.ts";

const AUTH_CONFIG = `
export default { providers: [{ type: "customJwt", applicationID: "notes", algorithm: "ES256",
  issuer: process.env.ISSUER, jwks: "data:,{\\"keys\\":[]}" }] };
`;

const NO_CRONS = 'import { cronJobs } from "convex/server"; export default cronJobs();';
const MORE = `
import { query } from "./_generated/server";
export const count = query({
  args: {},
  handler: async (ctx) => (await ctx.db.query("notes").collect()).length,
});
`;

/** Far more than it takes here, and what a user would put up with. */
const DEPLOY_BOUND_MS = 10_000;

describe("convex deploy", () => {
  let run: ProjectRun;
  beforeAll(async () => {
    run = await ProjectRun.start(NOTES_PROJECT);
  });
  afterAll(() => run[Symbol.asyncDispose]());

  it(
    "puts a project on an empty deployment",
    async () => {
      const { exitCode, stderr } = await run.convex("deploy", "--typecheck", "disable");
      expect(stderr).toContain("[+] notes.by_owner   owner, rank, _creationTime");
      expect(stderr).toContain("Deployed Convex functions");
      expect(exitCode).toBe(0);
      const added = await run.post("/api/mutation", {
        path: "notes:add",
        args: { owner: "a", rank: 1 },
      });
      expect(added.body).toMatchObject({ status: "success" });
    },
    DEPLOY_BOUND_MS * 3,
  );

  it("changes what is deployed, keeps the data, and sends only what has changed", async () => {
    await run.project.write({ "convex/more.ts": MORE });
    await run.deploy();
    const { body } = await run.post("/api/query", { path: "more:count", args: {} });
    expect(body).toEqual({ status: "success", value: 1 });
  });

  it("shows with --dry-run what would change, and changes nothing", async () => {
    await run.project.write({
      "convex/unseen.ts": `import { query } from "./_generated/server";
export const one = query({ args: {}, handler: () => 1 });`,
    });
    const { exitCode, stderr } = await run.convex("deploy", "--dry-run", "--typecheck", "disable");
    expect(exitCode).toBe(0);
    expect(stderr).toContain("Would have deployed Convex functions");
    const { body } = await run.post("/api/query", { path: "unseen:one", args: {} });
    expect(JSON.stringify(body)).toContain("Could not find public function for 'unseen:one'.");
  });

  it("is refused with a wrong admin key", async () => {
    const { url } = run;
    const result = await runConvexCli(["deploy"], {
      url,
      adminKey: "other|key",
      cwd: run.project.cwd,
    });
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain(
      "BadAdminKey: The provided admin key was invalid for this instance",
    );
  });

  it("is refused for a type error, and what ran before keeps running", async () => {
    await run.project.write({ "convex/more.ts": `export const x: number = "text";` });
    const { exitCode, stdout, stderr } = await run.convex("deploy", "--typecheck", "enable");
    expect(exitCode).toBe(1);
    expect(stdout + stderr).toContain("TypeScript typecheck via `tsc` failed");
    const { body } = await run.post("/api/query", { path: "more:count", args: {} });
    expect(body).toEqual({ status: "success", value: 1 });
  });

  it("is refused for a module that throws while it is loaded", async () => {
    await run.project.write({
      "convex/more.ts": `export const x = 1; throw new Error("at load");`,
    });
    const { exitCode, stderr } = await run.convex("deploy", "--typecheck", "disable");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("Failed to analyze more.js: Uncaught Error: at load");
  });

  it("is refused for a cron job whose expression is none", async () => {
    await run.project.write({
      "convex/more.ts": MORE,
      "convex/crons.ts": `
import { cronJobs, makeFunctionReference } from "convex/server";
const crons = cronJobs();
crons.cron("never", "61 * * * *", makeFunctionReference("more:count") as never);
export default crons;
`,
    });
    const { exitCode, stderr } = await run.convex("deploy", "--typecheck", "disable");
    expect(exitCode).toBe(1);
    expect(stderr).toContain('The cron job "never" cannot run: "61 * * * *" is no cron expression');
    await run.project.write({ "convex/crons.ts": NO_CRONS });
  });

  it("is refused where stored documents do not fit the new schema, and the old code keeps running", async () => {
    await run.project.write({
      "convex/more.ts": MORE,
      "convex/schema.ts": NOTES_PROJECT["convex/schema.ts"]!.replace(
        "rank: v.number()",
        "rank: v.string()",
      ),
    });
    const { exitCode, stderr } = await run.convex("deploy", "--typecheck", "disable");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("Schema validation failed");
    expect(stderr).toMatch(
      /Document with ID "[0-9]+notes" in table "notes" does not match the schema: Value does not match validator/,
    );
    const { body } = await run.post("/api/query", { path: "more:count", args: {} });
    expect(body).toEqual({ status: "success", value: 1 });
    await run.project.write({ "convex/schema.ts": NOTES_PROJECT["convex/schema.ts"]! });
  });

  it("is refused while a variable that the auth config reads is not set", async () => {
    await run.project.write({ "convex/auth.config.ts": AUTH_CONFIG });
    const { exitCode, stderr } = await run.convex("deploy", "--typecheck", "disable");
    expect(exitCode).toBe(1);
    expect(stderr).toContain(
      "Environment variable ISSUER is used in auth config file but its value was not set",
    );
    await run.convex("env", "set", "ISSUER", "https://issuer.invalid");
    await run.deploy();
  });

  it("is refused while a variable that the app declares is not set", async () => {
    await run.project.write({
      "convex/convex.config.ts": `import { defineApp } from "convex/server";
import { v } from "convex/values";
export default defineApp({ env: { NEEDED: v.string() } });`,
    });
    const { exitCode, stderr } = await run.convex("deploy", "--typecheck", "disable");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("NEEDED");
    await run.convex("env", "set", "NEEDED", "x");
    await run.deploy();
  });
});
