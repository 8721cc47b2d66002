import { accountArgument, scopesArgument } from "../command/arguments.ts";
import { type DefineCommand, examples } from "../command/command.ts";
import { changeAccount, OPERATORS_KEY } from "./account.ts";

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
      changeAccount(
        cli,
        {
          path: "serviceAccounts:setScopes",
          args: { account, scopes },
          says: `${account}: ${scopes.join(" ")}`,
        },
        options,
      ),
    );
