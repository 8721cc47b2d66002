import { join } from "node:path";

import { expect, test } from "vitest";

import { EXIT_CODE_MEANINGS, EXIT_CODES } from "./command/exitCodes.ts";
import { COMMAND_TREE, type CommandNode } from "./commandTree.ts";
import { captureCli } from "./testing/captureCli.ts";
import { readText } from "./testing/operator.ts";

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
