import { Argument } from "@commander-js/extra-typings";
import { createSigningKey } from "@klipstream/client/keys";

import type { Cli, DefineCommand } from "../../commandTree.ts";
import { examples } from "../../examples.ts";
import {
  currentKey,
  DEFAULT_KEYRING_PATH,
  jwksOf,
  type Keyring,
  publishLine,
  readKeyring,
  toKeyringKey,
  writeKeyring,
} from "../../keys/keyring.ts";
import { isAccepted } from "../../keys/isAccepted.ts";
import {
  planPublish,
  planRetire,
  planSign,
  ROTATION_STEPS,
  type RotationStep,
} from "../../keys/rotation.ts";
import { confirm } from "../../output/confirm.ts";

type Options = {
  keyring: string;
  json?: true | undefined;
  dryRun?: true | undefined;
  yes?: true | undefined;
};

export const defineTokenRotate: DefineCommand = (command, cli) =>
  command
    .addArgument(new Argument("<step>", "publish, then sign, then retire").choices(ROTATION_STEPS))
    .option("--keyring <file>", "where the signing keys are kept", DEFAULT_KEYRING_PATH)
    .option("--dry-run", "say what the step would do, and do nothing")
    .option("--yes", "do not ask before retiring a key")
    .option("--json", "print data as JSON")
    .addHelpText(
      "after",
      examples(
        [
          "klipstream token rotate publish | sh",
          "make the next key and publish it beside the current one",
        ],
        ["klipstream token rotate sign", "sign with it, once the deployment accepts it"],
        [
          "klipstream token create-key raw-pipeline --out new.key",
          "give each pipeline a key that signs with it; both keys work meanwhile",
        ],
        ["klipstream token rotate retire --yes | sh", "publish the new key alone"],
      ) + "\n\nEach step refuses to come too early.",
    )
    .action(async (step: RotationStep, options) => {
      await STEPS[step](cli, options);
    });

const STEPS: Record<RotationStep, (cli: Cli, options: Options) => Promise<void>> = {
  async publish(cli, options) {
    const { context, output } = cli;
    const keyring = await readKeyring(options.keyring, context);
    const made = toKeyringKey(await createSigningKey(), { role: "next", createdAt: context.now() });
    const planned = planPublish(keyring, made);
    if (planned === keyring) output.talk("the next key is made already; this publishes it again");
    await finish(cli, options, {
      keyring: planned,
      publishes: true,
      next: "then: klipstream token rotate sign",
    });
  },

  async sign(cli, options) {
    const { context } = cli;
    const keyring = await readKeyring(options.keyring, context);
    const planned = await planSign(keyring, (key) => isAccepted({ key, keyring, context }));
    await finish(cli, options, {
      keyring: planned,
      publishes: false,
      next: "then give each service account a new key (klipstream token create-key), then: klipstream token rotate retire",
    });
  },

  async retire(cli, options) {
    const keyring = await readKeyring(options.keyring, cli.context);
    const planned = planRetire(keyring, cli.context.now());
    const goOn =
      options.dryRun === true ||
      (await confirm(cli, {
        question:
          "Tokens signed with the previous key will be refused. Do all pipelines use their new keys?",
        yes: options.yes === true,
      }));
    if (goOn)
      await finish(cli, options, {
        keyring: planned,
        publishes: true,
        next: "the rotation is done",
      });
  },
};

async function finish(
  { context, output }: Cli,
  options: Options,
  { keyring, publishes, next }: { keyring: Keyring; publishes: boolean; next: string },
): Promise<void> {
  const keys = keyring.keys.map(({ kid, role, createdAt }) => ({ kid, role, createdAt }));
  for (const { kid, role } of keys) output.talk(`${role.padEnd(8)} ${kid}`);
  if (options.dryRun === true) {
    output.talk("dry run: nothing was changed");
    return;
  }
  await writeKeyring(options.keyring, keyring, context);
  const commands = publishes ? [publishLine(keyring.keys)] : [];
  if (options.json === true)
    output.json({ signsWith: currentKey(keyring).kid, keys, jwks: jwksOf(keyring.keys), commands });
  else output.data(...commands);
  if (publishes) output.talk("run the line on stdout: it publishes the keys above");
  output.talk(next);
}
