import { Command } from "@commander-js/extra-typings";

import packageJson from "../package.json" with { type: "json" };
import { type Cli, COMMAND_TREE, type CommandNode } from "./commandTree.ts";
import { EXIT_CODE_MEANINGS, EXIT_CODES } from "./command/exitCodes.ts";

const EXIT_CODE_HELP = (Object.keys(EXIT_CODES) as (keyof typeof EXIT_CODES)[])
  .map((name) => `  ${EXIT_CODES[name]}  ${EXIT_CODE_MEANINGS[name]}`)
  .join("\n");

/**
 * Builds the program as far as these arguments need it: every command has its name and summary, the called one is loaded
 * whole.
 *
 * @param args - The arguments after the program's name, or "all" to load every command.
 */
export async function buildProgram(cli: Cli, args: readonly string[] | "all"): Promise<Command> {
  const { context } = cli;
  const program = new Command("klipstream");
  program
    .description("Operate KlipStream Convex by hand, or report to it from a pipeline.")
    .version(packageJson.version)
    .exitOverride()
    .enablePositionalOptions()
    .showHelpAfterError("(--help shows usage and examples)")
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      getOutHelpWidth: () => context.stdout.columns ?? 80,
      getErrHelpWidth: () => context.stderr.columns ?? 80,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText(
      "after",
      `\nExit codes:\n${EXIT_CODE_HELP}\n\n\`klipstream <command> --help\` shows a command's options and examples.`,
    );
  await addCommands(program, COMMAND_TREE, {
    cli,
    called: args === "all" ? "all" : calledBy(args),
  });
  return program;
}

/** Which command the arguments name: the first words that are no options, without `help`. */
function calledBy(args: readonly string[]): readonly string[] {
  const words = args.filter((arg) => !arg.startsWith("-"));
  return words[0] === "help" ? words.slice(1) : words;
}

/**
 * What is to be parsed: the arguments as they are, but of a command that does not exist its name alone. Asked for its help, commander
 * would show its parent's and call that a success.
 */
export function argumentsToParse(args: readonly string[]): readonly string[] {
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
