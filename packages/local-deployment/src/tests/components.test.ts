import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { ConvexClient, ConvexHttpClient } from "convex/browser";
import { anyApi } from "convex/server";
import type { Value } from "convex/values";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { ConvexCliResult } from "../cli/convexCli.ts";
import { MAILBOX_PROJECT as PROJECT } from "./mailboxProject.ts";
import { ProjectRun } from "./temporaryProject.ts";
import { Updates } from "./updates.ts";

const { app } = anyApi;

let run: ProjectRun;
let client: ConvexHttpClient;
let deployed: ConvexCliResult;
beforeAll(async () => {
  run = await ProjectRun.start(PROJECT, { env: { SENDER: "me@example.com" } });
  deployed = await run.convex("deploy", "--typecheck", "enable");
  client = new ConvexHttpClient(run.url, { logger: false });
});
afterAll(() => run[Symbol.asyncDispose]());

const ask = async (name: string) => (await client.query(app![name]!, {})) as unknown;
const send = async (name: string, args: Record<string, Value>) =>
  (await client.mutation(app![name]!, args)) as unknown;

/** What a query answers once it holds. */
async function eventually<T>(name: string, holds: (value: T) => boolean): Promise<T> {
  const updates = new Updates<T>();
  const live = new ConvexClient(run.url);
  try {
    live.onUpdate(app![name]!, {}, updates.add, updates.fail);
    return await updates.until(holds);
  } finally {
    await live.close();
  }
}

describe("convex run --inline-query", () => {
  it("reads a component with --component, and says which there are", async () => {
    await send("send", { body: "inline" });
    expect(await ask("own")).toContain("inline");
    const inline = (component: string) =>
      run.convex(
        "run",
        "--component",
        component,
        "--inline-query",
        'return (await ctx.db.query("letters").collect()).map((letter) => Object.keys(letter));',
      );
    expect(JSON.parse((await inline("mailbox")).stdout)).toContainEqual(
      expect.arrayContaining(["body"]),
    );
    const unknown = await inline("cellar");
    expect(unknown.exitCode).toBe(1);
    expect(unknown.stderr).toContain("mailbox");
  });

  it("of a component that is not there is refused", async () => {
    const { adminKey } = run.deployment;
    const source =
      'import { query } from "convex:/_system/repl/wrappers.js"; export default query(() => 1);';
    const { body } = await run.post(
      "/api/run_test_function",
      { bundle: { source }, componentId: "cellar" },
      { authorization: `Convex ${adminKey}` },
    );
    expect(body).toMatchObject({ errorMessage: expect.stringContaining("cellar") as string });
  });
});

describe("convex deploy", () => {
  it("installs components, each at every place it is used, and checks types against them", () => {
    expect(deployed.stderr).toContain("Installed component mailbox.");
    expect(deployed.stderr).toContain("Installed component archive.");
    expect(deployed.stderr).toContain("Installed component archive/counter.");
    expect(deployed.stdout + deployed.stderr).not.toContain("error TS");
    expect(deployed.exitCode).toBe(0);
  });

  it("generates the API of the component for the project", async () => {
    const generated = await readFile(
      join(run.project.cwd, "mailbox/_generated/component.ts"),
      "utf8",
    );
    expect(generated).toContain(
      'counted: FunctionReference<"query", "internal", {}, number, Name>',
    );
    expect(generated).not.toContain("secret");
  });

  it("is refused for a component that lacks a variable which it requires", async () => {
    const config = "convex/convex.config.ts";
    await run.project.write({
      [config]: PROJECT[config]!.replace(', env: { FROM: "nobody" }', ""),
    });
    const { exitCode, stderr } = await run.convex("deploy", "--typecheck", "disable");
    await run.project.write({ [config]: PROJECT[config]! });
    expect(exitCode).toBe(1);
    expect(stderr).toContain('Component "archive" is missing required env var "FROM".');
    expect(await ask("archived")).toEqual(expect.any(Array));
  });

  it("is refused where a stored document of a component does not fit its new schema", async () => {
    const schema = "mailbox/schema.ts";
    await send("send", { body: "fits no number" });
    await run.project.write({ [schema]: PROJECT[schema]!.replace("v.string()", "v.number()") });
    const { exitCode, stderr } = await run.convex("deploy", "--typecheck", "disable");
    await run.project.write({ [schema]: PROJECT[schema]! });
    expect(exitCode).toBe(1);
    expect(stderr).toContain('in table "letters" does not match the schema');
  });
});

describe("a component", () => {
  it("has tables of its own, at each place where it is mounted", async () => {
    await send("send", { body: "own tables" });
    expect(await ask("own")).toContain("own tables");
    expect(await ask("sent")).toContain("own tables");
    expect(await ask("archived")).not.toContain("own tables");
  });

  it("calls components that it uses itself", async () => {
    const before = Number(await ask("counted"));
    await send("send", { body: "counted" });
    expect(await ask("counted")).toBe(before + 1);
  });

  it("commits with the transaction that calls it, or not at all", async () => {
    await expect(send("sendBoth", { body: "undone", fail: true })).rejects.toThrow("on purpose");
    expect(await ask("sent")).not.toContain("undone");
    await send("sendBoth", { body: "both", fail: false });
    expect(await ask("sent")).toContain("both");
    expect(await ask("archived")).toContain("both");
  });

  it("is rolled back alone if its caller catches the error", async () => {
    await send("sendCarefully", { body: "caught" });
    expect(await ask("sent")).not.toContain("caught");
    expect(await ask("archived")).toContain("caught");
  });

  it("keeps its internal functions to itself", async () => {
    await expect(ask("secret")).rejects.toThrow(
      'The component "mailbox" has no public function "letters:secret".',
    );
    const asked = { path: "letters:list", args: {}, componentPath: "mailbox" };
    const { body } = await run.post("/api/query", asked);
    expect(JSON.stringify(body)).toContain("Could not find public function");
  });

  it("sees the variables that it is given, and no others", async () => {
    const { siteUrl } = run.deployment;
    expect(await ask("senders")).toEqual([
      { from: "me@example.com", sender: null, site: `${siteUrl}/inbox` },
      { from: "nobody", sender: null, site: siteUrl },
      "me@example.com",
    ]);
  });

  it("sees a changed variable of the app at once", async () => {
    await run.convex("env", "set", "SENDER", "you@example.com");
    const [mailbox] = (await ask("senders")) as { from: string }[];
    expect(mailbox?.from).toBe("you@example.com");
    await run.convex("env", "set", "SENDER", "me@example.com");
  });

  it("runs actions", async () => {
    expect(await client.action(app!.byAction!, {})).toMatch(/by cron.*\/\d+$/);
  });

  it("runs what is scheduled for it, and calls back through a function handle", async () => {
    await send("sendLater", { body: "later" });
    await eventually<string[]>("archived", (letters) => letters.includes("later"));
    await send("sendAndBeTold", { body: "told" });
    await eventually<string[]>("own", (letters) => letters.includes("noted told"));
  });

  it("runs its crons, at each place where it is mounted", async () => {
    await eventually<string[]>("sent", (letters) => letters.includes("by cron"));
    await eventually<string[]>("archived", (letters) => letters.includes("by cron"));
  });

  it("updates a subscription of the app that reads it", async () => {
    const updated = eventually<string[]>("sent", (letters) => letters.includes("watched"));
    await send("sendBoth", { body: "watched", fail: false });
    expect(await updated).toContain("watched");
  });

  it("answers HTTP requests below its prefix, where the app has no route of its own", async () => {
    const { siteUrl } = run.deployment;
    const letters = await fetch(`${siteUrl}/inbox/letters`);
    expect(await letters.json()).toEqual(await ask("sent"));
    expect(await (await fetch(`${siteUrl}/inbox/own`)).text()).toBe("of the app");
    expect((await fetch(`${siteUrl}/letters`)).status).toBe(404);
  });
});

describe("the CLI", () => {
  it("shows the tables of a component with convex data --component", async () => {
    const { stdout } = await run.convex("data", "--component", "mailbox");
    expect(stdout.trim()).toBe("letters");
    const { stdout: rows } = await run.convex("data", "letters", "--component", "archive");
    expect(rows).toContain("by cron");
    const { stdout: nested } = await run.convex("data", "--component", "archive/counter");
    expect(nested.trim()).toBe("counts");
  });

  it("says so for a component that there is not", async () => {
    const { exitCode, stderr } = await run.convex("data", "--component", "nowhere");
    expect(exitCode).toBe(1);
    expect(stderr).toContain('Component "nowhere" not found.');
  });

  it("runs a component's functions, internal ones included, with convex run --component", async () => {
    const { stdout } = await run.convex("run", "letters:secret", "--component", "mailbox");
    expect(JSON.parse(stdout)).toBe("secret");
  });
});

it("the documents of a component stay when it is no longer mounted, and are there when it is again", async () => {
  const config = "convex/convex.config.ts";
  const app = "convex/app.ts";
  const before = (await ask("archived")) as string[];
  await run.project.write({
    [config]: PROJECT[config]!.replace(/app\.use\(mailbox, \{ name.*/, ""),
  });
  const { stderr } = await run.convex("deploy", "--typecheck", "disable");
  expect(stderr).toContain("Unmounted component archive.");
  await expect(ask("archived")).rejects.toThrow();
  await run.project.write({ [config]: PROJECT[config]!, [app]: PROJECT[app]! });
  await run.deploy();
  expect(await ask("archived")).toEqual(expect.arrayContaining(before));
});
