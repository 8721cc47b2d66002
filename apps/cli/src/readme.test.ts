import { spawn } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { convexCliEnv, startLocalDeployment } from "@klipstream/local-deployment";
import { expect, test } from "vitest";

import { EXIT_CODE_MEANINGS, EXIT_CODES } from "./command/exitCodes.ts";
import { COMMAND_TREE, type CommandNode } from "./commandTree.ts";
import { captureCli } from "./testing/captureCli.ts";
import { PROJECT, readText } from "./testing/operator.ts";

const README = readText(join(import.meta.dirname, "../README.md"));

/** The rows of the table under a heading, as cells. */
function tableUnder(heading: string): string[][] {
  const [, section = ""] = README.split(`## ${heading}\n`);
  const [own = ""] = section.split("\n## ");
  const rows = own.split("\n").filter((line) => line.startsWith("|"));
  return rows.slice(2).map((row) =>
    row
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function leaves(nodes: readonly CommandNode[], path = ""): [path: string, summary: string][] {
  return nodes.flatMap((node) =>
    "children" in node
      ? leaves(node.children, `${path}${node.name} `)
      : [[`${path}${node.name}`, node.summary] as [string, string]],
  );
}

test("the README's table of commands is the program's", () => {
  expect(tableUnder("Commands")).toEqual(
    leaves(COMMAND_TREE).map(([path, summary]) => [`\`${path}\``, summary]),
  );
});

test("the README's exit codes are the program's", () => {
  const names = Object.keys(EXIT_CODES) as (keyof typeof EXIT_CODES)[];
  expect(tableUnder("Exit codes")).toEqual(
    names.map((name) => [String(EXIT_CODES[name]), EXIT_CODE_MEANINGS[name]]),
  );
});

test.each(leaves(COMMAND_TREE))("%s --help shows examples", async (path) => {
  const { exitCode, stdout } = await captureCli([...path.split(" "), "--help"]);
  expect(exitCode).toBe(0);
  expect(stdout).toContain(`Usage: klipstream ${path}`);
  expect(stdout).toMatch(/Examples:\n {2}\$ .*klipstream /);
});

test("the walk of a new operator works as written", { timeout: 180_000 }, async () => {
  const [, section = ""] = README.split("## The walk of a new operator\n");
  const [walk = ""] = section.split("\n## ");
  const blocks = [...walk.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, block]) => block ?? "");
  expect(blocks).toHaveLength(3);
  await using deployment = await startLocalDeployment();
  const project = copyProject();
  const { url, adminKey } = deployment;
  const env = {
    ...convexCliEnv({ url, adminKey, cwd: project }),
    PATH: `${join(project, "bin")}:${process.env["PATH"] ?? ""}`,
    CONVEX_OUTBOX_PATH: join(project, "outbox", "outbox.db"),
  };
  const { exitCode, output } = await runShell(`set -eu\n${blocks.join("\n")}`, {
    cwd: project,
    env,
  });
  rmSync(project, { recursive: true });
  expect(exitCode, output).toBe(0);
  expect(output).not.toMatch(/^(FAILED|warning|skipped)/m);
  expect(output).toMatch(/^ok +access +the deployment lets it write; the key ends 20/m);
  expect(output).toMatch(/^ok: 16 steps in \d+ ms$/m);
  expect(output).toMatch(/^status +Transcribing$/m);
  expect(output).toMatch(/^progress +100 %, done/m);
  expect(output).toMatch(/^transcriptUrl +https:\/\/files\.example\/2434635255\/transcript\.csv$/m);
  expect(output).toMatch(/Downloading -> Transcribing +raw-pipeline/);
});

/** The project as an operator has it, with `klipstream` installed, apart from this one: a walk leaves files behind. */
function copyProject(): string {
  const project = mkdtempSync(join(tmpdir(), "klipstream-walk-"));
  for (const name of ["convex", "convex.json", "package.json", "tsconfig.base.json"])
    cpSync(join(PROJECT, name), join(project, name), {
      recursive: true,
      filter: (source) => !source.endsWith(".test.ts"),
    });
  symlinkSync(join(PROJECT, "node_modules"), join(project, "node_modules"));
  const bin = join(project, "bin");
  mkdirSync(bin);
  const tsx = join(PROJECT, "node_modules/tsx/dist/loader.mjs");
  const main = join(PROJECT, "apps/cli/src/main.ts");
  writeFileSync(join(bin, "klipstream"), `#!/bin/sh\nexec node --import "${tsx}" "${main}" "$@"\n`);
  chmodSync(join(bin, "klipstream"), 0o755);
  return project;
}

async function runShell(script: string, options: { cwd: string; env: NodeJS.ProcessEnv }) {
  const child = spawn("bash", ["-c", script], { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  const exitCode = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { exitCode, output };
}
