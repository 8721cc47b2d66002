import { accountArgument } from "../command/arguments.ts";
import { type DefineCommand, examples } from "../command/command.ts";
import { changeAccount, OPERATORS_KEY } from "./account.ts";

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
    .action((account, { subject, json }) =>
      changeAccount(
        cli,
        {
          path: "serviceAccounts:bind",
          args: { account, subject },
          says: `${account}: bound to ${subject}`,
        },
        { json },
      ),
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
      changeAccount(
        cli,
        {
          path: "serviceAccounts:unbind",
          args: { account, subject },
          says: `${account}: no longer bound to ${subject}`,
          question: `The workload ${subject} will be refused at once. Go on?`,
        },
        options,
      ),
    );
