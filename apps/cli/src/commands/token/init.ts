import { createSigningKey } from "@klipstream/client/keys";

import { issuerArgument } from "../../arguments/arguments.ts";
import { CliError } from "../../cliError.ts";
import type { DefineCommand } from "../../commandTree.ts";
import { examples } from "../../examples.ts";
import {
  currentKey,
  DEFAULT_KEYRING_PATH,
  type Keyring,
  publishLine,
  toKeyringKey,
  writeKeyring,
} from "../../keys/keyring.ts";
import { exists, shellWord } from "../../keys/secretFile.ts";
import { resolve } from "node:path";

const DEFAULT_ISSUER = "https://klipstream.invalid/pipelines";

export const defineTokenInit: DefineCommand = (command, cli) =>
  command
    .option(
      "--issuer <url>",
      "who issues the tokens; any https URL of yours",
      issuerArgument,
      DEFAULT_ISSUER,
    )
    .option("--keyring <file>", "where the signing key is kept", DEFAULT_KEYRING_PATH)
    .option("--json", "print data as JSON")
    .addHelpText(
      "after",
      examples(
        ["klipstream token init", "make the key and print the lines that publish it"],
        ["klipstream token init | sh", "make the key and publish it"],
      ),
    )
    .action(async ({ issuer, keyring: path, json }) => {
      const { context, output } = cli;
      const file = resolve(context.folder, path);
      if (await exists(file))
        throw new CliError(`there is a keyring at ${file} already`, {
          remedy:
            "replace its key with `klipstream token rotate`; a new one would lock every pipeline out",
        });
      const key = toKeyringKey(await createSigningKey(), {
        role: "current",
        createdAt: context.now(),
      });
      const keyring: Keyring = { version: 1, issuer, keys: [key], accounts: [] };
      await writeKeyring(path, keyring, context);
      const lines = [
        `npx convex env set KLIPSTREAM_JWT_ISSUER ${shellWord(issuer)}`,
        publishLine(keyring.keys),
      ];
      output.talk(
        `made a signing key in ${file}: keep it safe, and back it up`,
        "set these variables on the deployment, then deploy:",
      );
      if (json === true)
        output.json({ keyring: file, issuer, kid: currentKey(keyring).kid, commands: lines });
      else output.data(...lines);
    });
