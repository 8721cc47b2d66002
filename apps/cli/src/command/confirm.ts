import { createInterface } from "node:readline/promises";

import { usageError } from "./cliError.ts";
import type { Cli } from "./command.ts";

/**
 * Asks before something that cannot be taken back.
 *
 * @param yes - `--yes` was given: no question.
 * @returns Whether to go on.
 * @throws CliError where there is neither a terminal nor `--yes`: nobody can answer.
 */
export async function confirm(
  { context, output }: Cli,
  { question, yes }: { question: string; yes: boolean | undefined },
): Promise<boolean> {
  if (yes === true) return true;
  if (context.stdin.isTTY !== true)
    throw usageError(
      `${question} There is no terminal to ask on`,
      "add --yes, or look first with --dry-run",
    );
  const lines = createInterface({ input: context.stdin, output: context.stderr });
  try {
    // Ctrl-C and the end of the input are answers, too: no.
    const closed = new Promise<string>((resolve) => lines.once("close", () => resolve("")));
    const answer = await Promise.race([lines.question(`${question} [y/N] `), closed]);
    const agreed = /^y(es)?$/i.test(answer.trim());
    if (!agreed) output.talk("nothing was changed");
    return agreed;
  } finally {
    lines.close();
  }
}
