/**
 * Regenerates `convex/_generated` of the project in the current folder, with the real CLI against a deployment that
 * lives as long as this takes.
 *
 *   codegen.ts [--env NAME=VALUE ...]
 */
import { Command } from "@commander-js/extra-typings";

import { startLocalDeployment } from "../startLocalDeployment.ts";
import { runConvexCli } from "./convexCli.ts";
import { collectVariable } from "./variables.ts";

const { env } = new Command("codegen")
  .description("Regenerate convex/_generated of the project in the current folder.")
  .option(
    "--env <NAME=VALUE>",
    "a variable that the project's auth config reads (repeatable)",
    collectVariable,
    {},
  )
  .parse()
  .opts();

await using deployment = await startLocalDeployment({ env });
const { url, adminKey } = deployment;
const cwd = process.cwd();
const { exitCode, stdout, stderr } = await runConvexCli(["codegen", "--typecheck", "disable"], {
  url,
  adminKey,
  cwd,
});
process.stdout.write(stdout);
process.stderr.write(stderr);
process.exitCode = exitCode;
