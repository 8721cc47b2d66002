import { resolve } from "node:path";

import {
  createServiceAccountKey,
  exchangeKey,
  hashServiceAccountKey,
  readServiceAccountKey,
} from "@klipstream/client/keys";
import { z } from "zod";

import { accountArgument, durationArgument, keyIdArgument } from "../command/arguments.ts";
import { CliError, usageError } from "../command/cliError.ts";
import { type DefineCommand, examples } from "../command/command.ts";
import { confirm } from "../command/confirm.ts";
import type { CliContext } from "../context.ts";
import { createAdminClient } from "../deployment/adminClient.ts";
import { configurationOf, requireUrl } from "../deployment/configuration.ts";
import { printRows } from "../output/table.ts";
import { formatTime } from "../output/text.ts";
import { OPERATORS_KEY, operatorName } from "./operator.ts";
import { KEY_COLUMNS, listAccounts, showAccount } from "./readAccounts.ts";
import { exists, readSecret, writeSecretFile } from "./secretFile.ts";

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
        "\n\nThe key is shown only once; the deployment keeps its hash. An account can have several." +
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
      // Written first: a key that could not be written must not work.
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
      const admin = createAdminClient(cli.context);
      const names =
        account === undefined ? (await listAccounts(admin)).map(({ name }) => name) : [account];
      const shown = await Promise.all(names.map((name) => showAccount(admin, name)));
      const rows = shown.flatMap(({ keys }) => keys);
      printRows(cli.output, { json, rows, columns: KEY_COLUMNS, none: "no keys" });
    });

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
      const answer = await admin.run("serviceKeys:revoke", { keyId, by: operatorName(context) });
      const { account } = z.object({ account: z.string() }).parse(answer);
      if (json === true) output.json({ keyId, account });
      output.talk(`revoked the key ${keyId} of ${account}`);
    });

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
      const key =
        keyFile === undefined ? configuredKey(context) : await readSecret(keyFile, context);
      output.data(await exchangeKey(requireUrl(context), key, context.fetch));
    });

function configuredKey(context: CliContext): string {
  const { value } = configurationOf(context).apiKey;
  if (value !== undefined) return value;
  throw usageError(
    "CONVEX_API_KEY is not set",
    "set it, name a file, or pass the key on stdin with -",
  );
}

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
