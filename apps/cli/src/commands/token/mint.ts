import { mintToken, parseServiceAccountKey } from "@klipstream/client/keys";

import { durationOption, scopeArgument } from "../../arguments/arguments.ts";
import { usageError } from "../../cliError.ts";
import type { DefineCommand } from "../../commandTree.ts";
import { readCredential } from "../../config/credential.ts";
import { examples } from "../../examples.ts";

const DEFAULT_LIFETIME = "10m";
const LONGEST_MS = 365 * 86_400_000;

export const defineTokenMint: DefineCommand = (command, cli) =>
  command
    .option("--key-file <file>", "the service-account key (- = stdin); else CONVEX_API_KEY")
    .addOption(
      durationOption(
        "--lifetime <time>",
        "how long the token is valid, up to 365d",
        DEFAULT_LIFETIME,
      ),
    )
    .option("--scope <scopes>", "fewer scopes than the key has", scopeArgument)
    .addHelpText(
      "after",
      examples(
        [
          'curl -H "Authorization: Bearer $(klipstream token mint)" ...',
          "call the deployment from anything that speaks HTTP",
        ],
        [
          "klipstream token mint --key-file raw.key --lifetime 30d --scope videos:write",
          "a token for a machine that should not hold a key",
        ],
      ),
    )
    .action(async ({ keyFile, lifetime, scope }) => {
      const { context, output } = cli;
      if (lifetime > LONGEST_MS) throw usageError("--lifetime is at most 365d");
      const account = parseServiceAccountKey(await readCredential(keyFile, context), "the key");
      const missing = (scope?.split(" ") ?? []).filter(
        (wanted) => !account.scope.split(" ").includes(wanted),
      );
      if (missing.length > 0)
        throw usageError(`the key has the scope "${account.scope}", without ${missing.join(", ")}`);
      const token = await mintToken(
        { ...account, scope: scope ?? account.scope },
        { now: context.now(), lifetimeSeconds: Math.floor(lifetime / 1000) },
      );
      output.data(token);
    });
