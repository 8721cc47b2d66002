import type { DeadLetter } from "@klipstream/client";

import { countArgument } from "../command/arguments.ts";
import { CliError, usageError } from "../command/cliError.ts";
import { type Cli, type DefineCommand, examples } from "../command/command.ts";
import { confirm } from "../command/confirm.ts";
import { EXIT_CODES } from "../command/exitCodes.ts";
import { printTable } from "../output/table.ts";
import { deadLetterColumns } from "./lists.ts";
import { chooseDeployments, withOutbox } from "./openOutbox.ts";

export const defineOutboxRedrive: DefineCommand = (command, cli) =>
  command
    .argument("[entry...]", "the numbers that `outbox dead` shows")
    .option("--all", "every dead letter of the configured deployment")
    .option("--as-new", "as new updates that happen now, even over later ones")
    .option("--dry-run", "list them, and do nothing")
    .option("--yes", "do not ask")
    .option("--json", "print data as JSON")
    .addHelpText(
      "after",
      examples(
        [
          "klipstream outbox redrive 17 23",
          "put two back; the next update or `outbox drain` sends them",
        ],
        ["klipstream outbox redrive --all --yes", "put all of them back"],
        ["klipstream outbox redrive 17 --as-new", "let it change what was reported after it"],
      ),
    )
    .action(async (entries, { all, asNew, dryRun, yes, json }) => {
      const { context, output } = cli;
      if ((all === true) === entries.length > 0)
        throw usageError(
          "name entries, or give --all",
          "`klipstream outbox dead` shows their numbers",
        );
      const seqs = entries.map((text) => countArgument(Number.MAX_SAFE_INTEGER)(text));
      await withOutbox(context, async (inspector) => {
        const [deployment = ""] = chooseDeployments(inspector, { all: undefined, context });
        const letters = choose(inspector.deadLetters(deployment), all === true ? undefined : seqs);
        if (json !== true) printTable(output, deadLetterColumns(context.now()), letters);
        if (asNew !== true) warnOfOvertaken(cli, letters);
        if (dryRun === true) {
          output.talk("dry run: nothing was changed");
          return;
        }
        const question = `${letters.length} dead letters will be sent again. Go on?`;
        if (letters.length > 0 && !(await confirm(cli, { question, yes }))) return;
        const count = inspector.redrive(
          deployment,
          letters.map(({ seq }) => seq),
          { asNew: asNew === true },
        );
        if (json === true) output.json({ redriven: count });
        output.talk(`${count} put back; send them with \`klipstream outbox drain\``);
      });
    });

/** A dead letter that keeps its number cannot undo a later update. */
function warnOfOvertaken({ output }: Cli, letters: readonly DeadLetter[]): void {
  const overtaken = letters.filter(({ isOvertaken }) => isOvertaken).map(({ seq }) => seq);
  if (overtaken.length > 0)
    output.talk(
      `later updates of the same video were sent, so ${overtaken.join(", ")} would change nothing; to send them as new updates, add --as-new`,
    );
}

/** @throws CliError when one of the numbers belongs to no dead letter. */
function choose(letters: readonly DeadLetter[], seqs: readonly number[] | undefined): DeadLetter[] {
  const unknown = seqs?.find((wanted) => !letters.some(({ seq }) => seq === wanted));
  if (unknown !== undefined)
    throw new CliError(`there is no dead letter ${unknown} for this deployment`, {
      exitCode: EXIT_CODES.NOT_FOUND,
      remedy: "`klipstream outbox dead` shows their numbers",
    });
  return letters.filter(({ seq }) => seqs === undefined || seqs.includes(seq));
}
