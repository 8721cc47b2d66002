import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterEach, beforeEach, expect, it } from "vitest";

import { NOTES_PROJECT } from "../tests/notesProject.ts";
import { TemporaryProject } from "../tests/temporaryProject.ts";
import { runConvexCli } from "./convexCli.ts";

const BIN = fileURLToPath(new URL("../../bin/klipstream-local.js", import.meta.url));

let folder: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "klipstream-local-"));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

class Run {
  readonly child: ChildProcess;
  output = "";
  #wake: () => void = () => undefined;

  constructor(args: string[], cwd = folder) {
    this.child = spawn(process.execPath, [BIN, ...args], {
      cwd,
      stdio: ["ignore", "pipe", "pipe"],
    });
    children.push(this.child);
    const add = (chunk: Buffer) => {
      this.output += chunk.toString();
      this.#wake();
    };
    this.child.stdout?.on("data", add);
    this.child.stderr?.on("data", add);
  }

  async until(pattern: RegExp): Promise<string> {
    for (;;) {
      const [, found] = pattern.exec(this.output) ?? [];
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async exitCode(): Promise<number | null> {
    if (this.child.exitCode === null) await once(this.child, "close");
    return this.child.exitCode;
  }
}

const READY = /Local deployment +(http:\S+)[\s\S]*\nData .*\n/;

it("says where it is, where its key and its data are, but never the key", async () => {
  const run = new Run(["--port", "0", "--env", "COLOUR=blue"]);
  const url = await run.until(READY);
  const keyFile = join(folder, ".convex-local", "admin-key");
  expect(run.output).toContain(".convex-local/admin-key");
  const adminKey = (await readFile(keyFile, "utf8")).trim();
  expect(run.output).not.toContain(adminKey);
  expect(run.output).toContain("\nData              in .convex-local\n");
  expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
  const response = await fetch(`${url}/api/list_environment_variables`, {
    headers: { authorization: `Convex ${adminKey}` },
  });
  expect(await response.json()).toEqual({ environmentVariables: { COLOUR: "blue" } });
});

it.each(["SIGINT", "SIGTERM"] as const)("ends cleanly on %s", async (signal) => {
  const run = new Run(["--port", "0"]);
  await run.until(READY);
  run.child.kill(signal);
  expect(await run.exitCode()).toBe(0);
});

it.each([
  [[], "SIGTERM", { WORD: "blue" }],
  [[], "SIGKILL", { WORD: "blue" }],
  [["--in-memory"], "SIGTERM", {}],
] as const)(
  "with %j, ended by %s, has the same key and the variables %j when it is started again",
  async (options, signal, variables) => {
    const first = new Run(["--port", "0", "--env", "WORD=blue", ...options]);
    await first.until(READY);
    const key = await readFile(join(folder, ".convex-local/admin-key"), "utf8");
    first.child.kill(signal);
    await first.exitCode();
    const url = await new Run(["--port", "0", ...options]).until(READY);
    const headers = { authorization: `Convex ${key.trim()}` };
    const response = await fetch(`${url}/api/list_environment_variables`, { headers });
    expect(await response.json()).toEqual({ environmentVariables: variables });
  },
);

it("refuses a second instance in the same folder, and takes over from one that was killed", async () => {
  const first = new Run(["--port", "0"]);
  await first.until(READY);
  const second = new Run(["--port", "0"]);
  expect(await second.exitCode()).toBe(1);
  expect(second.output).toMatch(
    /^A local deployment runs on .*\/\.convex-local\/data\.db already\..*\n$/,
  );
  first.child.kill("SIGKILL");
  await first.exitCode();
  await new Run(["--port", "0"]).until(READY);
});

it("says in one line that its port is in use", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const run = new Run(["--port", String(port)]);
  expect(await run.exitCode()).toBe(1);
  expect(run.output).toBe(
    `Port ${port} is in use. Stop what uses it, or choose another with --port.\n`,
  );
  server.close();
});

it.each([
  [["--bogus"], "unknown option '--bogus'"],
  [["--port", "x"], "Use a number from 0 to 65535."],
  [["--env", "NOVALUE"], "Use NAME=VALUE."],
])("refuses %j with exit code 2", async (args, message) => {
  const run = new Run(args);
  expect(await run.exitCode()).toBe(2);
  expect(run.output).toContain(message);
  expect(run.output.trim().split("\n")).toHaveLength(1);
});

it("pushes with --deploy, and again when the project changes", async () => {
  await using project = await TemporaryProject.create(NOTES_PROJECT);
  // Without it the CLI leaves out the type check, which is not what is tested here and takes long.
  await rm(join(project.cwd, "convex/tsconfig.json"));
  const run = new Run(["--port", "0", "--deploy"], project.cwd);
  const url = await run.until(READY);
  await run.until(/(Convex functions ready)/);
  const adminKey = (await readFile(join(project.cwd, ".convex-local/admin-key"), "utf8")).trim();
  const call = (name: string) => runConvexCli(["run", name], { url, adminKey, cwd: project.cwd });
  expect(await call("notes:clear")).toMatchObject({ exitCode: 0, stdout: "0\n" });
  run.output = "";
  await project.write({
    "convex/more.ts": `import { query } from "./_generated/server";
export const two = query({ args: {}, handler: () => 2 });`,
  });
  await run.until(/(Convex functions ready)/);
  expect(await call("more:two")).toMatchObject({ exitCode: 0, stdout: "2\n" });
  run.child.kill("SIGTERM");
  expect(await run.exitCode()).toBe(0);
});
