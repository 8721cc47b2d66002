import { Argument } from "@commander-js/extra-typings";
import { createSigningKey, signingVariables } from "@klipstream/client/keys";
import { z } from "zod";

import { durationOption, issuerArgument } from "../command/arguments.ts";
import { CliError } from "../command/cliError.ts";
import { type Cli, type DefineCommand, examples } from "../command/command.ts";
import { confirm } from "../command/confirm.ts";
import { type AdminClient, createAdminClient } from "../deployment/adminClient.ts";
import { isTrialAccepted } from "./isTrialAccepted.ts";
import { OPERATORS_KEY, operatorName } from "./operator.ts";
import {
  planPublish,
  planRetire,
  planSign,
  readSigningState,
  ROTATION_STEPS,
  type RotationStep,
  type StepPlan,
} from "./signingVariables.ts";

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
            "replace it with `klipstream signing-key rotate`; with a new one the deployment would refuse every pipeline",
        });
      const key = await createSigningKey();
      const variables = signingVariables(key, issuer);
      const names = Object.keys(variables);
      await admin.setVariables(variables);
      if (json === true) output.json({ kid: key.kid, issuer, variables: names.toSorted() });
      output.talk(`made the signing key ${key.kid}`, `set ${names.join(", ")}`);
    });

export const defineSigningKeyRotate: DefineCommand = (command, cli) =>
  command
    .addArgument(new Argument("<step>", "publish, then sign, then retire").choices(ROTATION_STEPS))
    .addOption(
      durationOption("--wait <time>", "how long `sign` waits for the key to be accepted", "60s"),
    )
    .option("--dry-run", "say what the step would do, and do nothing")
    .option("--yes", "do not ask before retiring a key")
    .option("--json", "print data as JSON")
    .addHelpText(
      "after",
      examples(
        ["klipstream signing-key rotate publish", "make the next key and publish it"],
        ["klipstream signing-key rotate sign", "sign with it, once the deployment accepts it"],
        [
          "klipstream signing-key rotate retire --yes",
          "ten minutes later, when no token of the old key is alive: publish the new key alone",
        ],
      ) +
        "\n\nA step that comes too early is refused. The pipelines' keys stay as they are." +
        OPERATORS_KEY,
    )
    .action((step: RotationStep, options) => rotate(cli, step, options));

type Options = {
  wait: number;
  json?: true | undefined;
  dryRun?: true | undefined;
  yes?: true | undefined;
};

const SAYS: Record<RotationStep, string> = {
  publish: "published beside the key that signs; then: klipstream signing-key rotate sign",
  sign: "signs from now on; in ten minutes: klipstream signing-key rotate retire",
  retire: "is retired; the rotation is done",
};

async function rotate(cli: Cli, step: RotationStep, options: Options): Promise<void> {
  const { context, output } = cli;
  const admin = createAdminClient(context);
  const plan = await PLANS[step](cli, admin, options);
  if (options.dryRun === true) {
    output.talk(`${step}: the key ${plan.kid}, at ${admin.url}`, "dry run: nothing was changed");
    return;
  }
  const question = "Tokens that the previous key signed will be refused. Go on?";
  const yes = step !== "retire" || options.yes === true;
  if (!(await confirm(cli, { question, yes }))) return;
  // Recorded first: as long as a key signs, the audit must say since when.
  await admin.run("signingKeys:recordStep", { step, kid: plan.kid, by: operatorName(context) });
  await admin.setVariables(plan.variables);
  if (options.json === true) output.json({ step, kid: plan.kid });
  output.talk(`${plan.kid} ${SAYS[step]}`);
}

const PLANS: Record<
  RotationStep,
  (cli: Cli, admin: AdminClient, options: Options) => Promise<StepPlan>
> = {
  publish: async (_cli, admin) => planPublish(await admin.variables(), await createSigningKey()),

  sign: async ({ context }, admin, { wait: waitMs }) =>
    planSign(await admin.variables(), () => isTrialAccepted(admin, { context, waitMs })),

  retire: async (_cli, admin) => {
    const variables = await admin.variables();
    const { signs } = readSigningState(variables);
    const answer = await admin.run("signingKeys:msUntilRetirable", { signingKid: signs ?? "" });
    const msLeft = z.number().nullable().parse(answer);
    // No row: it signs for longer than the audit remembers.
    return planRetire(variables, msLeft ?? 0);
  },
};
