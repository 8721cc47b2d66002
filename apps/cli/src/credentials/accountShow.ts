import { KEY_COLUMNS, showAccount } from "./accounts.ts";
import { createAdminClient } from "../deployment/adminClient.ts";
import { accountArgument } from "../command/arguments.ts";
import { type DefineCommand, examples } from "../command/command.ts";
import { layOutTable } from "../output/table.ts";
import { printable } from "../output/text.ts";
import { OPERATORS_KEY } from "./account.ts";

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
        ...(keys.length === 0 ? ["no keys"] : layOutTable(KEY_COLUMNS, keys, output.width)),
      );
    });
