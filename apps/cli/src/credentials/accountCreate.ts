import { SCOPES } from "@klipstream/contract";

import { accountArgument, scopesArgument } from "../command/arguments.ts";
import { type DefineCommand, examples } from "../command/command.ts";
import { changeAccount, OPERATORS_KEY } from "./account.ts";

export const defineAccountCreate: DefineCommand = (command, cli) =>
  command
    .argument("<account>", "its name: what events name as their actor", accountArgument)
    .option("--scope <scopes>", "what it may do", scopesArgument, [...SCOPES])
    .option("--json", "print data as JSON")
    .addHelpText(
      "after",
      examples(
        ["klipstream account create raw-pipeline", "an account that may report"],
        ["klipstream account create wall-screen --scope videos:read", "one that may only look"],
      ) + OPERATORS_KEY,
    )
    .action((account, { scope: scopes, json }) =>
      changeAccount(
        cli,
        {
          path: "serviceAccounts:create",
          args: { account, scopes },
          says: `made the account ${account} (${scopes.join(" ")}); a key for it: klipstream key create ${account} --out ${account}.key`,
        },
        { json },
      ),
    );
