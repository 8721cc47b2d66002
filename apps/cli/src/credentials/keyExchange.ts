import { resolveConfiguration } from "@klipstream/client";
import { exchangeKey } from "@klipstream/client/keys";

import { ambientOf } from "../deployment/configuration.ts";
import { usageError } from "../command/cliError.ts";
import { type DefineCommand, examples } from "../command/command.ts";
import { readCredential } from "./credential.ts";

export const defineKeyExchange: DefineCommand = (command, cli) =>
  command
    .option("--key-file <file>", "the service-account key (- = stdin); else CONVEX_API_KEY")
    .addHelpText(
      "after",
      examples([
        'curl -H "Authorization: Bearer $(klipstream key exchange)" ...',
        "call the deployment from anything that speaks HTTP",
      ]) + "\n\nThe token is good for ten minutes.",
    )
    .action(async ({ keyFile }) => {
      const { context, output } = cli;
      const key = await readCredential(keyFile, context);
      const { url } = resolveConfiguration({}, ambientOf(context).place);
      if (url.value === undefined)
        throw usageError("CONVEX_URL is not set", "see `klipstream doctor`");
      output.data(await exchangeKey(url.value, key, context.fetch));
    });
