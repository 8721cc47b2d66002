import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

export type ConvexCliOptions = {
  /** The deployment's URL. */
  url: string;
  adminKey: string;
  /** The folder of the project: the one with `package.json` and `convex/`. */
  cwd: string;
  /** Variables besides those that the CLI needs. @default none */
  env?: Record<string, string>;
  /** What the CLI reads from its standard input. @default nothing */
  input?: string;
  /** Ends the CLI, which then counts as failed. @default never */
  signal?: AbortSignal;
};

export type ConvexCliResult = {
  exitCode: number;
  stdout: string;
  stderr: string;
};

/** Variables that would send the CLI elsewhere, or change how it behaves. */
const REMOVED = [
  "CONVEX_DEPLOYMENT",
  "CONVEX_DEPLOY_KEY",
  "CONVEX_DEPLOYMENT_TOKEN",
  "VERCEL",
  "NETLIFY",
  "CF_PAGES",
  "WORKERS_CI",
  "FORCE_COLOR",
];

/**
 * Runs the unmodified CLI of the `convex` package that the project has installed against a self-hosted deployment.
 *
 * @param args for example `["deploy", "--typecheck", "enable"]`.
 * @returns its exit code and what it printed; a failure is no exception.
 * @throws if the project has no `convex` package.
 */
export async function runConvexCli(
  args: readonly string[],
  options: ConvexCliOptions,
): Promise<ConvexCliResult> {
  const child = spawn(process.execPath, [findConvexCli(options.cwd), ...args], {
    cwd: options.cwd,
    env: convexCliEnv(options),
    stdio: ["pipe", "pipe", "pipe"],
    signal: options.signal,
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
  // A CLI that ends before it has read its input is no problem of ours.
  child.stdin.on("error", () => undefined).end(options.input ?? "");
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.once("close", (code) => resolve(code ?? 1));
    child.once("error", (error) => (error.name === "AbortError" ? undefined : reject(error)));
  });
  return { exitCode, ...output };
}

/** The environment in which the CLI talks to this deployment, and to nobody else. */
export function convexCliEnv({ url, adminKey, env }: ConvexCliOptions): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !REMOVED.includes(name));
  return {
    ...Object.fromEntries(kept),
    // Otherwise a failing command reports to Sentry, and hangs where there is no network.
    CI: "1",
    NO_COLOR: "1",
    NO_PROXY: "127.0.0.1,localhost",
    CONVEX_SELF_HOSTED_URL: url,
    CONVEX_SELF_HOSTED_ADMIN_KEY: adminKey,
    ...env,
  };
}

/** Where the CLI of the `convex` package is that the project in a folder has installed. */
export function findConvexCli(cwd: string): string {
  const entry = createRequire(join(cwd, "package.json")).resolve("convex/values");
  for (let folder = dirname(entry); folder !== dirname(folder); folder = dirname(folder)) {
    const cli = join(folder, "bin", "main.js");
    if (existsSync(cli)) return cli;
  }
  throw new Error(`The CLI of the convex package was not found from ${cwd}. Install convex there.`);
}
