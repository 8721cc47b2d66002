import { listAccounts, type ListedAccount } from "./accounts.ts";
import { createAdminClient } from "../deployment/adminClient.ts";
import { type DefineCommand, examples } from "../command/command.ts";
import { layOutTable } from "../output/table.ts";
import { OPERATORS_KEY } from "./account.ts";

const COLUMNS = [
  { header: "ACCOUNT", value: ({ name }: ListedAccount) => name, shrink: "end" as const },
  { header: "STATE", value: (account: ListedAccount) => (account.disabled ? "disabled" : "on") },
  { header: "SCOPES", value: ({ scopes }: ListedAccount) => scopes.join(" ") },
];

export const defineAccountList: DefineCommand = (command, cli) =>
  command
    .option("--json", "print data as JSON")
    .addHelpText(
      "after",
      examples(["klipstream account list", "who may report, and who may look"]) + OPERATORS_KEY,
    )
    .action(async ({ json }) => {
      const { context, output } = cli;
      const accounts = await listAccounts(createAdminClient(context));
      if (json === true) output.json(accounts);
      else if (accounts.length === 0) output.talk("no accounts");
      else output.data(...layOutTable(COLUMNS, accounts, output.width));
    });
