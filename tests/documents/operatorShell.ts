/** Runs the commands of a document as its reader would: in a folder with the project, with `klipstream` installed. */
import { convexCliEnv } from "@klipstream/local-deployment";
import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const PROJECT = fileURLToPath(new URL("../..", import.meta.url));

export type Ended = { exitCode: number | null; output: string };

export type OperatorShell = {
  /** The copy of the project. */
  folder: string;
  /** What each command finds in its environment; may be changed. */
  env: NodeJS.ProcessEnv;
  /** Runs a script in bash, which ends at the first command that fails. */
  run: (script: string) => Promise<Ended>;
  close: () => Promise<void>;
};

/** @returns The sections of a document by their headings, each with its shell blocks. */
export async function shellBlocksOf(path: string): Promise<Map<string, string[]>> {
  const text = await readFile(join(PROJECT, path), "utf8");
  const sections = text.split(/^##+ /m).slice(1);
  return new Map(
    sections.map((section) => {
      const blocks = [...section.matchAll(/^( *)```sh\n([^]*?)^ *```$/gm)];
      return [section.split("\n")[0] ?? "", blocks.map(([, , block = ""]) => block)];
    }),
  );
}

/**
 * Sets a shell up for the operator of a deployment.
 *
 * @param apiKey - A pipeline's key, which the operator holds as well. Without it, the shell knows the operator's access alone.
 */
export async function openOperatorShell(
  deployment: { url: string; adminKey: string },
  apiKey?: string,
): Promise<OperatorShell> {
  const folder = await mkdtemp(join(tmpdir(), "klipstream-document-"));
  for (const name of ["convex", "convex.json", "package.json", "tsconfig.base.json"])
    await cp(join(PROJECT, name), join(folder, name), {
      recursive: true,
      filter: (source) => !source.endsWith(".test.ts"),
    });
  await symlink(join(PROJECT, "node_modules"), join(folder, "node_modules"));
  await mkdir(join(folder, "bin"));
  const command = `exec node --import "${import.meta.resolve("tsx")}" "${join(PROJECT, "apps/cli/src/main.ts")}" "$@"`;
  await writeFile(join(folder, "bin/klipstream"), `#!/bin/sh\n${command}\n`, { mode: 0o755 });
  const env: NodeJS.ProcessEnv = {
    ...convexCliEnv({ ...deployment, cwd: folder }),
    PATH: `${join(folder, "bin")}:${process.env.PATH ?? ""}`,
    ...(apiKey !== undefined && { CONVEX_URL: deployment.url, CONVEX_API_KEY: apiKey }),
    CONVEX_OUTBOX_PATH: join(folder, "outbox", "outbox.db"),
    LOG_LEVEL: "error",
  };
  return {
    folder,
    env,
    run: (script) => runShell(`set -euo pipefail\n${script}`, { cwd: folder, env }),
    close: () => rm(folder, { recursive: true }),
  };
}

async function runShell(
  script: string,
  options: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<Ended> {
  const child = spawn("bash", ["-c", script], { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  const exitCode = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { exitCode, output };
}
