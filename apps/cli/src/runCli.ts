import { Command, CommanderError } from "@commander-js/extra-typings";

import packageJson from "../package.json" with { type: "json" };
import { CliError } from "./command/cliError.ts";
import type { Cli } from "./command/command.ts";
import { EXIT_CODE_MEANINGS, EXIT_CODES } from "./command/exitCodes.ts";
import { COMMAND_TREE, type CommandNode } from "./commandTree.ts";
import type { CliContext } from "./context.ts";
import { createOutput } from "./output/output.ts";

const EXIT_CODE_HELP = (Object.keys(EXIT_CODES) as (keyof typeof EXIT_CODES)[])
  .map((name) => `  ${EXIT_CODES[name]}  ${EXIT_CODE_MEANINGS[name]}`)
  .join("\n");

/**
 * Runs the program once.
 *
 * @param args - The arguments after the program's name.
 * @returns What to exit with. Never throws: a failure is printed on stderr.
 */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  const cli: Cli = { context, output: createOutput(context), exitCode: EXIT_CODES.DONE };
  try {
    const program = createProgram(context);
    await addCommands(program, COMMAND_TREE, { cli, called: commandsToLoad(args) });
    await program.parseAsync([...argumentsToParse(args)], { from: "user" });
    return cli.exitCode;
  } catch (error) {
    // Commander has printed its message, or the help, by itself.
    if (error instanceof CommanderError)
      return error.exitCode === 0 ? EXIT_CODES.DONE : EXIT_CODES.USAGE;
    return await report(cli, error);
  }
}

/** The program without its commands. */
function createProgram({ stdout, stderr }: CliContext): Command {
  const program = new Command("klipstream");
  program
    .description("Operate KlipStream Convex by hand, or report to it from a pipeline.")
    .version(packageJson.version)
    .exitOverride()
    .enablePositionalOptions()
    .showHelpAfterError("(--help shows usage and examples)")
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => stdout.columns ?? 80,
      getErrHelpWidth: () => stderr.columns ?? 80,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText(
      "after",
      `\nExit codes:\n${EXIT_CODE_HELP}\n\n\`klipstream <command> --help\` shows a command's options and examples.`,
    );
  return program;
}

/** Adds every command with its name and summary. Only what is called is loaded whole. */
async function addCommands(
  parent: Command,
  nodes: readonly CommandNode[],
  { cli, called }: { cli: Cli; called: readonly string[] | "all" },
): Promise<void> {
  for (const node of nodes) {
    const command = parent.command(node.name).summary(node.summary).description(node.summary);
    if (called !== "all" && called[0] !== node.name) continue;
    if ("load" in node) (await node.load())(command, cli);
    else
      await addCommands(command, node.children, {
        cli,
        called: called === "all" ? called : called.slice(1),
      });
  }
}

function commandsToLoad(args: readonly string[]): readonly string[] | "all" {
  const called = calledBy(args);
  const node = COMMAND_TREE.find(({ name }) => name === called[0]);
  return node !== undefined && "needsAll" in node ? "all" : called;
}

/** Which command the arguments name: the first words that are no options, without `help`. */
export function calledBy(args: readonly string[]): readonly string[] {
  const words = args.filter((arg) => !arg.startsWith("-"));
  return words[0] === "help" ? words.slice(1) : words;
}

/**
 * The arguments that commander parses. For a command that does not exist, this is its name alone: when asked for its help,
 * commander would show the help of its parent and call that a success.
 */
function argumentsToParse(args: readonly string[]): readonly string[] {
  const words = calledBy(args);
  let nodes: readonly CommandNode[] = COMMAND_TREE;
  for (const [index, word] of words.entries()) {
    const node = nodes.find(({ name }) => name === word);
    if (node === undefined) return words.slice(0, index + 1);
    if ("load" in node) return args;
    nodes = node.children;
  }
  return args;
}

async function report({ output }: Cli, error: unknown): Promise<number> {
  // Loaded only now: a fast start needs none of the client's errors.
  const failure =
    error instanceof CliError
      ? error
      : (await import("./command/describeFailure.ts")).describeFailure(error);
  output.talk(`${output.paintTalk("bad", "error:")} ${failure.message}`);
  if (failure.remedy !== null)
    output.talk(`  ${output.paintTalk("strong", "->")} ${failure.remedy}`);
  return failure.exitCode;
}
