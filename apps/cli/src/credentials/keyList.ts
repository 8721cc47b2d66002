import { KEY_COLUMNS, listAccounts, showAccount } from "./accounts.ts";
import { createAdminClient } from "../deployment/adminClient.ts";
import { accountArgument } from "../command/arguments.ts";
import { type DefineCommand, examples } from "../command/command.ts";
import { layOutTable } from "../output/table.ts";
import { OPERATORS_KEY } from "./account.ts";

export const defineKeyList: DefineCommand = (command, cli) =>
  command
    .argument("[account]", "of this account alone", accountArgument)
    .option("--json", "print data as JSON")
    .addHelpText(
      "after",
      examples(["klipstream key list", "which keys there are, when each was last used and ends"]) +
        OPERATORS_KEY,
    )
    .action(async (account, { json }) => {
      const { context, output } = cli;
      const admin = createAdminClient(context);
      const names =
        account === undefined ? (await listAccounts(admin)).map(({ name }) => name) : [account];
      const shown = await Promise.all(names.map((name) => showAccount(admin, name)));
      const keys = shown.flatMap((one) => one.keys);
      if (json === true) output.json(keys);
      else if (keys.length === 0) output.talk("no keys");
      else output.data(...layOutTable(KEY_COLUMNS, keys, output.width));
    });
