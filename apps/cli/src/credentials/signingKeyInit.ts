import { createSigningKey, signingVariables } from "@klipstream/client/keys";

import { createAdminClient } from "../deployment/adminClient.ts";
import { issuerArgument } from "../command/arguments.ts";
import { CliError } from "../command/cliError.ts";
import { type DefineCommand, examples } from "../command/command.ts";
import { readSigningState } from "./signingVariables.ts";
import { OPERATORS_KEY } from "./account.ts";

const DEFAULT_ISSUER = "https://klipstream.invalid/pipelines";

export const defineSigningKeyInit: DefineCommand = (command, cli) =>
  command
    .option(
      "--issuer <url>",
      "who issues the tokens; any https URL of yours",
      issuerArgument,
      DEFAULT_ISSUER,
    )
    .option("--json", "print data as JSON")
    .addHelpText(
      "after",
      examples([
        "klipstream signing-key init && npx convex deploy",
        "give a new deployment its key, then deploy",
      ]) +
        "\n\nSets variables of the deployment; the key is nowhere else." +
        OPERATORS_KEY,
    )
    .action(async ({ issuer, json }) => {
      const { context, output } = cli;
      const admin = createAdminClient(context);
      if (readSigningState(await admin.variables()).signs !== null)
        throw new CliError(`${admin.url} has a signing key already`, {
          remedy:
            "replace it with `klipstream signing-key rotate`; a new one would have every pipeline refused",
        });
      const key = await createSigningKey();
      const variables = signingVariables(key, issuer);
      await admin.setVariables(variables);
      if (json === true)
        output.json({ kid: key.kid, issuer, variables: Object.keys(variables).sort() });
      output.talk(`made the signing key ${key.kid}`, `set ${Object.keys(variables).join(", ")}`);
    });
