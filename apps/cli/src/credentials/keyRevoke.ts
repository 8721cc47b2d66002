import { z } from "zod";

import { createAdminClient } from "../deployment/adminClient.ts";
import { operatorName } from "./operator.ts";
import { keyIdArgument } from "../command/arguments.ts";
import { type DefineCommand, examples } from "../command/command.ts";
import { confirm } from "../command/confirm.ts";
import { OPERATORS_KEY } from "./account.ts";

export const defineKeyRevoke: DefineCommand = (command, cli) =>
  command
    .argument(
      "<key>",
      "its id, as `klipstream key list` and `klipstream doctor` show it",
      keyIdArgument,
    )
    .option("--dry-run", "say what would be withdrawn, and do nothing")
    .option("--yes", "do not ask")
    .option("--json", "print data as JSON")
    .addHelpText(
      "after",
      examples([
        "klipstream key revoke 3fa41c09d2be",
        "refuse this key and the tokens that it was exchanged for, from the next request on",
      ]) + OPERATORS_KEY,
    )
    .action(async (keyId, { dryRun, yes, json }) => {
      const { context, output } = cli;
      const admin = createAdminClient(context);
      if (dryRun === true) {
        output.talk(`${keyId} would be revoked, at ${admin.url}`, "dry run: nothing was changed");
        return;
      }
      const question = "Whoever uses this key will be refused at once. Go on?";
      if (!(await confirm(cli, { question, yes }))) return;
      const by = operatorName(context);
      const { account } = z
        .object({ account: z.string() })
        .parse(await admin.run("serviceKeys:revoke", { keyId, by }));
      if (json === true) output.json({ keyId, account });
      output.talk(`revoked the key ${keyId} of ${account}`);
    });
