import { SCOPES } from "@klipstream/contract";

import { accountArgument, scopesArgument } from "../command/arguments.ts";
import { type Cli, type DefineCommand, examples } from "../command/command.ts";
import { confirm } from "../command/confirm.ts";
import { createAdminClient } from "../deployment/adminClient.ts";
import { printRows, printTable } from "../output/table.ts";
import { printable } from "../output/text.ts";
import { OPERATORS_KEY, operatorName } from "./operator.ts";
import { KEY_COLUMNS, listAccounts, type ListedAccount, showAccount } from "./readAccounts.ts";

export const defineAccountCreate: DefineCommand = (command, cli) =>
  command
    .argument("<account>", "its name, which events show as their actor", accountArgument)
    .option("--scope <scopes>", "what it may do", scopesArgument, [...SCOPES])
    .option("--json", "print data as JSON")
    .addHelpText(
      "after",
      examples(
        ["klipstream account create raw-pipeline", "an account that may report"],
        ["klipstream account create wall-screen --scope videos:read", "one that may only look"],
      ) + OPERATORS_KEY,
    )
    .action((account, { scope: scopes, ...options }) =>
      changeAccount(cli, options, {
        function: "serviceAccounts:create",
        args: { account, scopes },
        says: `made the account ${account} (${scopes.join(" ")}); a key for it: klipstream key create ${account} --out ${account}.key`,
      }),
    );

export const defineAccountList: DefineCommand = (command, cli) =>
  command
    .option("--json", "print data as JSON")
    .addHelpText(
      "after",
      examples(["klipstream account list", "who may report, and who may look"]) + OPERATORS_KEY,
    )
    .action(async ({ json }) => {
      const rows = await listAccounts(createAdminClient(cli.context));
      printRows(cli.output, { json, rows, columns: ACCOUNT_COLUMNS, none: "no accounts" });
    });

export const defineAccountShow: DefineCommand = (command, cli) =>
  command
    .argument("<account>", "the account", accountArgument)
    .option("--json", "print data as JSON")
    .addHelpText(
      "after",
      examples([
        "klipstream account show raw-pipeline",
        "what it may do, its keys and its workloads",
      ]) + OPERATORS_KEY,
    )
    .action(async (account, { json }) => {
      const { context, output } = cli;
      const shown = await showAccount(createAdminClient(context), account);
      if (json === true) {
        output.json(shown);
        return;
      }
      const { name, scopes, disabled, keys, workloads } = shown;
      output.data(
        `account   ${name}`,
        `state     ${disabled ? "disabled" : "on"}`,
        `scopes    ${scopes.join(" ")}`,
        ...workloads.map(({ subject, issuer }) => `workload  ${printable(subject)} of ${issuer}`),
      );
      if (keys.length === 0) output.data("no keys");
      else printTable(output, KEY_COLUMNS, keys);
    });

export const defineAccountSetScopes: DefineCommand = (command, cli) =>
  command
    .argument("<account>", "the account", accountArgument)
    .argument("<scopes>", "all that it may do from now on", scopesArgument)
    .option("--dry-run", "say what would be changed, and do nothing")
    .option("--json", "print data as JSON")
    .addHelpText(
      "after",
      examples([
        "klipstream account set-scopes raw-pipeline videos:read",
        "take the right to write from it, and from the tokens that it has",
      ]) + OPERATORS_KEY,
    )
    .action((account, scopes, options) =>
      changeAccount(cli, options, {
        function: "serviceAccounts:setScopes",
        args: { account, scopes },
        says: `${account}: ${scopes.join(" ")}`,
      }),
    );

export const defineAccountDisable: DefineCommand = (command, cli) =>
  command
    .argument("<account>", "the account", accountArgument)
    .option("--dry-run", "say what would be changed, and do nothing")
    .option("--yes", "do not ask")
    .option("--json", "print data as JSON")
    .addHelpText(
      "after",
      examples([
        "klipstream account disable raw-pipeline --yes",
        "refuse its keys, its workloads and the tokens that it has, from the next request on",
      ]) + OPERATORS_KEY,
    )
    .action((account, options) =>
      changeAccount(cli, options, {
        function: "serviceAccounts:setDisabled",
        args: { account, disabled: true },
        says: `${account}: disabled`,
        question: `Whoever uses ${account} will be refused at once. Go on?`,
      }),
    );

export const defineAccountEnable: DefineCommand = (command, cli) =>
  command
    .argument("<account>", "the account", accountArgument)
    .option("--json", "print data as JSON")
    .addHelpText(
      "after",
      examples(["klipstream account enable raw-pipeline", "let it in again, with its old keys"]) +
        OPERATORS_KEY,
    )
    .action((account, options) =>
      changeAccount(cli, options, {
        function: "serviceAccounts:setDisabled",
        args: { account, disabled: false },
        says: `${account}: enabled`,
      }),
    );

export const defineAccountBind: DefineCommand = (command, cli) =>
  command
    .argument("<account>", "the account", accountArgument)
    .requiredOption("--subject <text>", "the `sub` of the workload's identity token")
    .option("--json", "print data as JSON")
    .addHelpText(
      "after",
      examples(
        [
          "klipstream account bind raw-pipeline --subject 104930285710382957612",
          "let a service account of Google Cloud act as raw-pipeline, without a key",
        ],
        [
          "klipstream account bind nightly --subject repo:klipstream/analysis:ref:refs/heads/main",
          "let the jobs of a branch on GitHub act as nightly",
        ],
      ) +
        "\n\nThe deployment's KLIPSTREAM_OIDC_ISSUER and KLIPSTREAM_OIDC_AUDIENCE say whose tokens it takes." +
        OPERATORS_KEY,
    )
    .action((account, { subject, ...options }) =>
      changeAccount(cli, options, {
        function: "serviceAccounts:bind",
        args: { account, subject },
        says: `${account}: bound to ${subject}`,
      }),
    );

export const defineAccountUnbind: DefineCommand = (command, cli) =>
  command
    .argument("<account>", "the account", accountArgument)
    .requiredOption("--subject <text>", "the `sub` of the workload's identity token")
    .option("--dry-run", "say what would be changed, and do nothing")
    .option("--yes", "do not ask")
    .option("--json", "print data as JSON")
    .addHelpText(
      "after",
      examples([
        "klipstream account unbind raw-pipeline --subject 104930285710382957612",
        "refuse this workload, and the tokens that it has",
      ]) + OPERATORS_KEY,
    )
    .action((account, { subject, ...options }) =>
      changeAccount(cli, options, {
        function: "serviceAccounts:unbind",
        args: { account, subject },
        says: `${account}: no longer bound to ${subject}`,
        question: `The workload ${subject} will be refused at once. Go on?`,
      }),
    );

const ACCOUNT_COLUMNS = [
  { header: "ACCOUNT", value: ({ name }: ListedAccount) => name, shrink: "end" as const },
  { header: "STATE", value: (account: ListedAccount) => (account.disabled ? "disabled" : "on") },
  { header: "SCOPES", value: ({ scopes }: ListedAccount) => scopes.join(" ") },
];

type ChangeOptions = {
  dryRun?: true | undefined;
  yes?: true | undefined;
  json?: true | undefined;
};

type Change = {
  /** The internal function, and its arguments. */
  function: string;
  args: { account: string } & Record<string, unknown>;
  /** What it does, for the operator: `raw-pipeline: disabled`. */
  says: string;
  /** What to ask first, where the change shuts somebody out. */
  question?: string;
};

/** Changes an account with the operator's key. @throws CliError */
async function changeAccount(cli: Cli, options: ChangeOptions, change: Change): Promise<void> {
  const { context, output } = cli;
  const { args, says, question } = change;
  const admin = createAdminClient(context);
  if (options.dryRun === true) {
    output.talk(`would be ${says}, at ${admin.url}`, "dry run: nothing was changed");
    return;
  }
  if (question !== undefined && !(await confirm(cli, { question, yes: options.yes }))) return;
  await admin.run(change.function, { ...args, by: operatorName(context) });
  if (options.json === true) output.json(args);
  output.talk(says);
}
