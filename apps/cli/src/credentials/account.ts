import { createAdminClient } from "../deployment/adminClient.ts";
import { operatorName } from "./operator.ts";
import type { Cli } from "../command/command.ts";
import { confirm } from "../command/confirm.ts";

/** What every change of an account has in common. */
export type Change = {
  /** The internal function, and its arguments. */
  path: string;
  args: { account: string } & Record<string, unknown>;
  /** What it does, for the operator: `raw-pipeline: disabled`. */
  says: string;
  /** What to ask first, where somebody is shut out by it. */
  question?: string;
};

export type ChangeOptions = {
  dryRun?: true | undefined;
  yes?: true | undefined;
  json?: true | undefined;
};

/** Changes an account with the operator's key. @throws CliError */
export async function changeAccount(
  cli: Cli,
  { path, args, says, question }: Change,
  options: ChangeOptions,
): Promise<void> {
  const { context, output } = cli;
  const admin = createAdminClient(context);
  if (options.dryRun === true) {
    output.talk(`would be ${says}, at ${admin.url}`, "dry run: nothing was changed");
    return;
  }
  const yes = question === undefined || options.yes === true;
  if (!(await confirm(cli, { question: question ?? "", yes }))) return;
  await admin.run(path, { ...args, by: operatorName(context) });
  if (options.json === true) output.json(args);
  output.talk(says);
}

export const OPERATORS_KEY =
  "\n\nUses the operator's key, as `npx convex run` does: CONVEX_SELF_HOSTED_ADMIN_KEY or CONVEX_DEPLOY_KEY, from the" +
  "\nenvironment, .env.local or .env. The audit names KLIPSTREAM_OPERATOR, else this user on this machine.";
