import { CommanderError } from "@commander-js/extra-typings";

import { CliError } from "./command/cliError.ts";
import type { Cli } from "./commandTree.ts";
import type { CliContext } from "./context.ts";
import { EXIT_CODES } from "./command/exitCodes.ts";
import { createOutput } from "./output/output.ts";
import { argumentsToParse, buildProgram } from "./program.ts";

/**
 * Runs the program once.
 *
 * @param args - The arguments after the program's name.
 * @returns What to exit with. Never throws: a failure is printed on stderr.
 */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  const cli: Cli = { context, output: createOutput(context), exitCode: EXIT_CODES.DONE };
  try {
    const program = await buildProgram(cli, args);
    await program.parseAsync([...argumentsToParse(args)], { from: "user" });
    return cli.exitCode;
  } catch (error) {
    // Commander has printed its message, or the help, by itself.
    if (error instanceof CommanderError)
      return error.exitCode === 0 ? EXIT_CODES.DONE : EXIT_CODES.USAGE;
    return await report(cli, error);
  }
}

async function report({ output }: Cli, error: unknown): Promise<number> {
  // Loaded only now: the client's errors are no part of a fast start.
  const failure =
    error instanceof CliError
      ? error
      : (await import("./command/describeFailure.ts")).describeFailure(error);
  output.talk(`${output.paintTalk("bad", "error:")} ${failure.message}`);
  if (failure.remedy !== null)
    output.talk(`  ${output.paintTalk("strong", "->")} ${failure.remedy}`);
  return failure.exitCode;
}
