import { resolve } from "node:path";

import { createServiceAccountKey } from "@klipstream/client/keys";

import { durationArgument, scopeArgument, subjectArgument } from "../../arguments/arguments.ts";
import { CliError, usageError } from "../../cliError.ts";
import type { DefineCommand } from "../../commandTree.ts";
import type { CliContext } from "../../context.ts";
import { examples } from "../../examples.ts";
import {
  currentKey,
  DEFAULT_KEYRING_PATH,
  type Keyring,
  type KeyringAccount,
  readKeyring,
  writeKeyring,
} from "../../keys/keyring.ts";
import { exists, writeSecretFile } from "../../keys/secretFile.ts";
import { formatTime } from "../../output/text.ts";

const DEFAULT_SCOPE = "videos:read videos:write";

export const defineTokenCreateKey: DefineCommand = (command, cli) =>
  command
    .argument("<subject>", "the service account: what events name as their actor", subjectArgument)
    .option("--scope <scopes>", "what it may do", scopeArgument, DEFAULT_SCOPE)
    .option(
      "--expires <time>",
      "how long it can be used (90d); without it, until it is revoked",
      durationArgument,
    )
    .option("--out <file>", "write the key to a file (0600) instead of stdout")
    .option("--keyring <file>", "where the signing key is kept", DEFAULT_KEYRING_PATH)
    .addHelpText(
      "after",
      examples(
        [
          "klipstream token create-key raw-pipeline --expires 90d --out raw-pipeline.key",
          'a key for `export CONVEX_API_KEY="$(cat raw-pipeline.key)"`',
        ],
        [
          "klipstream token create-key raw-pipeline | gcloud secrets versions add klipstream --data-file=-",
          "a key that never touches the disk",
        ],
      ),
    )
    .action(async (subject, { scope, expires, out, keyring: path }) => {
      const { context, output } = cli;
      const file = await chooseFile(out, context);
      const keyring = await readKeyring(path, context);
      const { kid, privateJwk } = currentKey(keyring);
      const generation = accountOf(keyring, subject)?.generation ?? 0;
      const expiresAt = expires === undefined ? null : context.now() + expires;
      const key = createServiceAccountKey({
        subject,
        scope,
        generation,
        issuer: keyring.issuer,
        signingKey: { kid, privateJwk },
        ...(expiresAt === null ? {} : { expiresAt }),
      });
      const account = { subject, generation, kid, scope, expiresAt };
      await writeKeyring(path, withAccount(keyring, account), context);
      const until = expiresAt === null ? "no expiry" : `until ${formatTime(expiresAt)}`;
      output.talk(`made a key for ${subject} (${scope}; ${until})`);
      if (file === null) output.data(key);
      else {
        await writeSecretFile(file, `${key}\n`);
        output.talk(`wrote it to ${file}; the pipeline takes it as CONVEX_API_KEY`);
      }
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

function accountOf(keyring: Keyring, subject: string): KeyringAccount | undefined {
  return keyring.accounts.find((account) => account.subject === subject);
}

function withAccount(keyring: Keyring, account: KeyringAccount): Keyring {
  const others = keyring.accounts.filter(({ subject }) => subject !== account.subject);
  return { ...keyring, accounts: [...others, account] };
}
