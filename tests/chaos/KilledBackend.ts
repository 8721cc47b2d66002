import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";

import { runConvexCli } from "@klipstream/local-deployment";

const PROGRAM = join(
  import.meta.dirname,
  "../../packages/local-deployment/bin/klipstream-local.js",
);
const START_MS = 60_000;

/** Each write is two documents and a job: of a write that is half applied, or a job that ran twice, there is a trace. */
const PROJECT = {
  "package.json": '{"name":"project","type":"module","dependencies":{"convex":"*"}}',
  "convex/schema.ts": `import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
const fields = { writer: v.string(), n: v.number() };
export default defineSchema({
  first: defineTable(fields).index("by_writer", ["writer"]),
  second: defineTable(fields).index("by_writer", ["writer"]),
  settled: defineTable(fields).index("by_writer", ["writer"]),
  counts: defineTable({ writer: v.string(), count: v.number() }).index("by_writer", ["writer"]),
});`,
  "convex/writes.ts": `import { internalMutation, mutation, query } from "./_generated/server";
import { internal } from "./_generated/api";
import { v } from "convex/values";
const fields = { writer: v.string(), n: v.number() };
export const write = mutation({ args: { ...fields, delayMs: v.number() }, handler: async (ctx, { writer, n, delayMs }) => {
  await ctx.db.insert("first", { writer, n });
  const counted = await ctx.db.query("counts").withIndex("by_writer", (q) => q.eq("writer", writer)).unique();
  if (counted === null) await ctx.db.insert("counts", { writer, count: 1 });
  else await ctx.db.patch(counted._id, { count: counted.count + 1 });
  await ctx.scheduler.runAfter(delayMs, internal.writes.settle, { writer, n });
  await ctx.db.insert("second", { writer, n });
  return n;
} });
export const settle = internalMutation({ args: fields, handler: async (ctx, entry) => { await ctx.db.insert("settled", entry); } });
export const count = query({ args: { writer: v.string() }, handler: async (ctx, { writer }) =>
  (await ctx.db.query("counts").withIndex("by_writer", (q) => q.eq("writer", writer)).unique())?.count ?? 0 });
const table = v.union(v.literal("first"), v.literal("second"), v.literal("settled"));
export const numbers = query({ args: { table, writer: v.string() }, handler: async (ctx, { table, writer }) =>
  (await ctx.db.query(table).withIndex("by_writer", (q) => q.eq("writer", writer)).collect()).map(({ n }) => n) });`,
};

type Deployed = {
  /** The folder whose `convex/` is deployed. Default: a small one of writes that leave traces. */
  project?: string;
  /** The deployment's variables. */
  env?: Readonly<Record<string, string>>;
};

/** `klipstream-local` in a folder of its own, with a project on it, to be killed and started again on the same port. */
export class KilledBackend {
  readonly #folder: string;
  readonly #port: number;
  readonly #env: Readonly<Record<string, string>>;
  #process: ChildProcess | null = null;
  #output = "";

  private constructor(folder: string, port: number, env: Readonly<Record<string, string>>) {
    this.#folder = folder;
    this.#port = port;
    this.#env = env;
  }

  /** @param folder - An empty one. */
  static async create(
    folder: string,
    { project, env = {} }: Deployed = {},
  ): Promise<KilledBackend> {
    if (project === undefined) writeProject(folder);
    const backend = new KilledBackend(folder, await freePort(), env);
    await backend.start();
    const { url, adminKey } = backend;
    const { exitCode, stderr } = await runConvexCli(
      // The generated code of a project that is there already may be in use.
      [
        "deploy",
        "--typecheck",
        "disable",
        "--codegen",
        project === undefined ? "enable" : "disable",
      ],
      { url, adminKey, cwd: project ?? folder },
    );
    if (exitCode !== 0) throw new Error(`the project could not be deployed:\n${stderr}`);
    return backend;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** The operator's key. */
  get adminKey(): string {
    return readFileSync(join(this.#folder, ".convex-local/admin-key"), "utf8").trim();
  }

  /** Resolves once it serves. */
  async start(): Promise<void> {
    const variables = Object.entries(this.#env).flatMap(([name, value]) => [
      "--env",
      `${name}=${value}`,
    ]);
    const args = [PROGRAM, "--port", String(this.#port), ...variables];
    const child = spawn(process.execPath, args, {
      cwd: this.#folder,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process = child;
    this.#output = "";
    const isUp = new Promise<void>((resolve, reject) => {
      const hear = (text: string) => {
        this.#output += text;
        if (/\nData /.test(this.#output)) resolve();
      };
      child.stdout.setEncoding("utf8").on("data", hear);
      child.stderr.setEncoding("utf8").on("data", hear);
      child.once("exit", () => reject(new Error(`the backend ended:\n${this.#output}`)));
      setTimeout(() => reject(new Error("the backend does not start")), START_MS).unref();
    });
    await isUp;
  }

  /** SIGKILL: no handler runs, nothing is flushed. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child?.exitCode !== null || child.signalCode !== null)
      throw new Error(`the backend ended by itself:\n${this.#output}`);
    const exit = once(child, "exit");
    child.kill("SIGKILL");
    await exit;
    this.#process = null;
  }
}

function writeProject(folder: string): void {
  mkdirSync(join(folder, "convex"));
  symlinkSync(join(import.meta.dirname, "../node_modules"), join(folder, "node_modules"));
  for (const [path, content] of Object.entries(PROJECT)) writeFileSync(join(folder, path), content);
}

/** A port that nobody listens on just now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
