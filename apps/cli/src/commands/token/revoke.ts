import { z } from "zod";

import { type AdminClient, createAdminClient } from "../../admin/adminClient.ts";
import { subjectArgument } from "../../arguments/arguments.ts";
import { usageError } from "../../cliError.ts";
import type { Cli, DefineCommand } from "../../commandTree.ts";
import { examples } from "../../examples.ts";
import {
  DEFAULT_KEYRING_PATH,
  type Keyring,
  readKeyring,
  writeKeyring,
} from "../../keys/keyring.ts";
import { confirm } from "../../output/confirm.ts";

const accountsSchema = z.array(
  z.object({ subject: z.string(), disabled: z.boolean(), minGeneration: z.number() }),
);

export const defineTokenRevoke: DefineCommand = (command, cli) =>
  command
    .argument("<subject>", "the service account", subjectArgument)
    .option("--disable", "refuse its new keys as well, until --enable")
    .option("--enable", "take a --disable back; withdrawn keys stay withdrawn")
    .option("--keyring <file>", "where the signing key is kept", DEFAULT_KEYRING_PATH)
    .option("--dry-run", "say what would be withdrawn, and do nothing")
    .option("--yes", "do not ask")
    .option("--json", "print data as JSON")
    .addHelpText(
      "after",
      examples(
        [
          "klipstream token revoke raw-pipeline",
          "withdraw every key and token of raw-pipeline so far; a key made from now on works",
        ],
        [
          "klipstream token revoke raw-pipeline --disable --yes",
          "lock raw-pipeline out altogether",
        ],
      ) +
        "\n\nTakes effect with the next request. Uses the operator's key, as `npx convex run` does:" +
        "\nCONVEX_SELF_HOSTED_ADMIN_KEY or CONVEX_DEPLOY_KEY, from the environment, .env.local or .env.",
    )
    .action((subject, options) => revoke(cli, subject, options));

type Options = {
  keyring: string;
  disable?: true | undefined;
  enable?: true | undefined;
  dryRun?: true | undefined;
  yes?: true | undefined;
  json?: true | undefined;
};

async function revoke(cli: Cli, subject: string, options: Options): Promise<void> {
  const { context, output } = cli;
  const { disable, enable, keyring: path } = options;
  if (disable === true && enable === true)
    throw usageError("--disable and --enable exclude each other");
  const admin = createAdminClient(context);
  const keyring = await readKeyring(path, context);
  const restriction = await planRestriction(admin, { subject, keyring, disable, enable });
  output.talk(`${subject}: ${describe(restriction)}, at ${admin.url}`);
  if (options.dryRun === true) {
    output.talk("dry run: nothing was changed");
    return;
  }
  const question = `Pipelines that use ${subject} will be refused at once. Go on?`;
  const yes = options.yes === true || enable === true;
  if (!(await confirm(cli, { question, yes }))) return;
  await apply(admin, subject, restriction);
  const { minGeneration } = restriction;
  if (minGeneration !== undefined)
    await writeKeyring(path, withGeneration(keyring, subject, minGeneration), context);
  if (options.json === true) output.json({ subject, ...restriction });
  output.talk(
    minGeneration === undefined || restriction.disabled === true
      ? "done"
      : `done; a new key: klipstream token create-key ${subject} --out ${subject}.key`,
  );
}

type Restriction = { disabled?: boolean; minGeneration?: number };

async function planRestriction(
  admin: AdminClient,
  wanted: {
    subject: string;
    keyring: Keyring;
    disable: true | undefined;
    enable: true | undefined;
  },
): Promise<Restriction> {
  const { subject, keyring } = wanted;
  if (wanted.enable === true) return { disabled: false };
  const known = accountsSchema.parse(await admin.run("serviceAccounts:list", {}));
  const least = known.find((account) => account.subject === subject)?.minGeneration ?? 0;
  const issued = keyring.accounts.find((account) => account.subject === subject)?.generation ?? 0;
  const minGeneration = Math.max(least, issued + 1);
  return wanted.disable === true ? { disabled: true, minGeneration } : { minGeneration };
}

function describe({ disabled, minGeneration }: Restriction): string {
  if (disabled === false) return "accepted again";
  const withdrawn = `keys and tokens below generation ${minGeneration ?? 0} are withdrawn`;
  return disabled === true ? `disabled, and ${withdrawn}` : withdrawn;
}

async function apply(admin: AdminClient, subject: string, restriction: Restriction): Promise<void> {
  const { disabled, minGeneration } = restriction;
  if (disabled !== undefined) await admin.run("serviceAccounts:setDisabled", { subject, disabled });
  if (minGeneration !== undefined)
    await admin.run("serviceAccounts:setMinGeneration", { subject, minGeneration });
}

function withGeneration(keyring: Keyring, subject: string, generation: number): Keyring {
  const others = keyring.accounts.filter((account) => account.subject !== subject);
  const before = keyring.accounts.find((account) => account.subject === subject);
  const scope = before?.scope ?? "";
  return {
    ...keyring,
    accounts: [...others, { subject, generation, kid: null, scope, expiresAt: null }],
  };
}
