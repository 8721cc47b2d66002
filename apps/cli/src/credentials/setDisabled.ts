import { accountArgument } from "../command/arguments.ts";
import { type DefineCommand, examples } from "../command/command.ts";
import { changeAccount, OPERATORS_KEY } from "./account.ts";

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
      changeAccount(
        cli,
        {
          path: "serviceAccounts:setDisabled",
          args: { account, disabled: true },
          says: `${account}: disabled`,
          question: `Whoever uses ${account} will be refused at once. Go on?`,
        },
        options,
      ),
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
      changeAccount(
        cli,
        {
          path: "serviceAccounts:setDisabled",
          args: { account, disabled: false },
          says: `${account}: enabled`,
        },
        options,
      ),
    );
