import type { Command } from "@commander-js/extra-typings";

import type { CliContext } from "../context.ts";
import type { Output } from "../output/output.ts";

/** One run of the program, as a command sees it. */
export type Cli = {
  context: CliContext;
  output: Output;
  /** What the program exits with when the command returns. A thrown `CliError` brings its own code. */
  exitCode: number;
};

/** Gives a bare command its arguments, options, examples and action. */
export type DefineCommand = (command: Command, cli: Cli) => unknown;

/** The examples under a command's `--help`. Each is a command line and what it does. */
export function examples(...lines: readonly [command: string, does: string][]): string {
  return `\nExamples:\n${lines.map(([command, does]) => `  $ ${command}\n      ${does}`).join("\n")}`;
}
