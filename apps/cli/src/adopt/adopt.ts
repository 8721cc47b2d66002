import { usageError } from "../command/cliError.ts";
import { type Cli, type DefineCommand, examples } from "../command/command.ts";
import { confirm } from "../command/confirm.ts";
import { EXIT_CODES } from "../command/exitCodes.ts";
import { type AdminClient, createAdminClient } from "../deployment/adminClient.ts";
import { checkTable, type TableCheck } from "./checkTable.ts";
import { followWalk } from "./followWalk.ts";
import { readMappingFile, writeMappingFile } from "./mappingFile.ts";
import { printCheck } from "./printCheck.ts";

const DEFAULT_MAPPING_PATH = "convex/adoption.mapping.json";

export const defineAdopt: DefineCommand = (command, cli) =>
  command
    .option("--check", "say what would become of each document, and write the mapping file")
    .option("--dry-run", "print each document's plan as a line of JSON, and change nothing")
    .option("--stop", "end the walk after its present batch; run `adopt` again to go on")
    .option("--undo", "put every adopted document back as it was")
    .option("--drop-legacy", "remove the fields that nobody documented")
    .option(
      "--mapping <file>",
      "the file that says what old statuses and fields mean",
      DEFAULT_MAPPING_PATH,
    )
    .option("--yes", "do not ask")
    .option("--json", "print data as JSON")
    .addHelpText(
      "after",
      examples(
        ["klipstream adopt --check", "before anything is deployed: what fits, what does not, why"],
        ["klipstream adopt", "adopt every document, or go on where an earlier walk stopped"],
        ["klipstream adopt --undo", "undo the whole adoption"],
      ) +
        "\n\nThe whole walk, with its two deploys, is in docs/adopting.md. Uses the operator's key, as `npx convex run` does:" +
        "\nCONVEX_SELF_HOSTED_ADMIN_KEY or CONVEX_DEPLOY_KEY, from the environment, .env.local or .env.",
    )
    .action((options) => adopt(cli, options));

type Options = {
  check?: true | undefined;
  dryRun?: true | undefined;
  stop?: true | undefined;
  undo?: true | undefined;
  dropLegacy?: true | undefined;
  mapping: string;
  yes?: true | undefined;
  json?: true | undefined;
};

async function adopt(cli: Cli, options: Options): Promise<void> {
  const { check, dryRun, stop, undo, dropLegacy } = options;
  if ([check, dryRun, stop, undo, dropLegacy].filter(Boolean).length > 1)
    throw usageError("--check, --dry-run, --stop, --undo and --drop-legacy exclude each other");
  const admin = createAdminClient(cli.context);
  if (check === true) await printTableCheck(cli, admin, options);
  else if (dryRun === true) await printPlans(cli, admin, options);
  else if (stop === true) {
    await admin.run("adoption:stop", {});
    cli.output.talk("the walk ends after its present batch");
  } else await walk(cli, admin, options);
}

async function printTableCheck(cli: Cli, admin: AdminClient, { mapping: path, json }: Options) {
  const mapping = await readMappingFile(path, cli.context);
  const check = await checkTable(admin, mapping);
  if (json === true) cli.output.json(check);
  else printCheck(cli, check);
  if (await writeMappingFile(path, check.mapping, cli.context))
    cli.output.talk(`written: ${path}; edit it, then check again`);
  if (!canBeAdopted(check)) cli.exitCode = EXIT_CODES.FAILED;
}

async function printPlans(cli: Cli, admin: AdminClient, { mapping: path }: Options) {
  const mapping = await readMappingFile(path, cli.context);
  await checkTable(admin, mapping, (document, plan) =>
    cli.output.jsonLine({ _id: document["_id"], twitchId: document["twitchId"], ...plan }),
  );
  cli.output.talk("dry run: nothing was changed");
}

function canBeAdopted({ problems }: TableCheck): boolean {
  return problems.length === 0;
}

const WALKS = {
  adopt: "Every document of an old shape becomes a video of this backend, at",
  undo: "Every adopted video becomes the document that it was, at",
  dropLegacy: "The fields that nobody documented are removed for good, at",
};

async function walk(cli: Cli, admin: AdminClient, options: Options): Promise<void> {
  const direction =
    options.undo === true ? "undo" : options.dropLegacy === true ? "dropLegacy" : "adopt";
  const question = `${WALKS[direction]} ${admin.url}. Go on?`;
  if (!(await confirm(cli, { question, yes: options.yes }))) return;
  await admin.run("adoption:begin", { direction });
  const state = await followWalk(cli, admin);
  if (options.json === true) cli.output.json(state);
  if (state.state !== "done" || state.failed > 0) cli.exitCode = EXIT_CODES.FAILED;
}
