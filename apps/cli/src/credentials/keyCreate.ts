import { resolve } from "node:path";

import {
  createServiceAccountKey,
  hashServiceAccountKey,
  readServiceAccountKey,
} from "@klipstream/client/keys";

import { showAccount } from "./accounts.ts";
import { createAdminClient } from "../deployment/adminClient.ts";
import { operatorName } from "./operator.ts";
import { accountArgument, durationArgument } from "../command/arguments.ts";
import { CliError, usageError } from "../command/cliError.ts";
import { type DefineCommand, examples } from "../command/command.ts";
import type { CliContext } from "../context.ts";
import { exists, writeSecretFile } from "./secretFile.ts";
import { formatTime } from "../output/text.ts";
import { OPERATORS_KEY } from "./account.ts";

export const defineKeyCreate: DefineCommand = (command, cli) =>
  command
    .argument("<account>", "the account that it is for", accountArgument)
    .option(
      "--expires <time>",
      "how long it can be used (90d); without it, until it is revoked",
      durationArgument,
    )
    .option("--out <file>", "write the key to a file (0600) instead of stdout")
    .addHelpText(
      "after",
      examples(
        [
          "klipstream key create raw-pipeline --expires 90d --out raw-pipeline.key",
          'a key for `export CONVEX_API_KEY="$(cat raw-pipeline.key)"`',
        ],
        [
          "klipstream key create raw-pipeline | gcloud secrets versions add klipstream --data-file=-",
          "a key that never touches the disk",
        ],
      ) +
        "\n\nThe key is shown this once; the deployment keeps its hash. An account can have several." +
        OPERATORS_KEY,
    )
    .action(async (account, { expires, out }) => {
      const { context, output } = cli;
      const file = await chooseFile(out, context);
      const admin = createAdminClient(context);
      await showAccount(admin, account);
      const key = createServiceAccountKey(account);
      const expiresAt = expires === undefined ? undefined : context.now() + expires;
      const by = operatorName(context);
      // Written first: a key that is lost on its way to the disk must not be one that works.
      if (file !== null) await writeSecretFile(file, `${key}\n`);
      await admin.run("serviceKeys:create", {
        ...{ account, hash: hashServiceAccountKey(key), by },
        ...(expiresAt === undefined ? {} : { expiresAt }),
      });
      const until = expiresAt === undefined ? "no expiry" : `until ${formatTime(expiresAt)}`;
      const keyId = readServiceAccountKey(key)?.keyId ?? "";
      output.talk(`made the key ${keyId} of ${account} (${until})`);
      if (file === null) output.data(key);
      else output.talk(`wrote it to ${file}; the pipeline takes it as CONVEX_API_KEY`);
    });

/** Where the key goes: a file that is not there yet, or stdout (null), where that is no terminal. */
async function chooseFile(out: string | undefined, context: CliContext): Promise<string | null> {
  if (out === undefined) {
    if (context.stdout.isTTY !== true) return null;
    throw usageError(
      "a key is a secret and would stay on the terminal",
      "add --out <file>, or pipe it to where it is kept",
    );
  }
  const file = resolve(context.folder, out);
  if (!(await exists(file))) return file;
  throw new CliError(`${file} exists`, { remedy: "remove it first, or choose another name" });
}
