/**
 * Runs the integration suite of Convex's own backend against a local deployment, and prints what passes and what fails.
 *
 *   run.ts --mirror <git directory of get-convex/convex-backend> [--folder <folder>] [file ...]
 */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { Command } from "@commander-js/extra-typings";

import { runConvexCli } from "../cli/convexCli.ts";
import { startLocalDeployment, type LocalDeployment } from "../startLocalDeployment.ts";
import { copySuite } from "./suiteCopy.ts";
import { readSuiteResults, type SuiteResults } from "./suiteResults.ts";

const REPORT = "report.json";
/** What the suite's own runner gives an action, in ms; its tests wait for less than the default. */
const ACTION_MS = 20_000;

const program = new Command("official-suite")
  .description("Run the integration suite of Convex's own backend against a local deployment.")
  .requiredOption("--mirror <folder>", "the git directory of a clone of get-convex/convex-backend")
  .option("--folder <folder>", "where the copy goes, to be used again (default: a temporary one)")
  .option("--omit-components", "take the components out of the copy", false)
  .option("--omit-external-packages", "take the external packages out of the copy", false)
  .argument("[file...]", "test files, or beginnings of their names (default: all)");

async function deploy({ url, adminKey }: LocalDeployment, cwd: string): Promise<void> {
  const args = ["deploy", "--typecheck", "disable"];
  const { exitCode, stdout, stderr } = await runConvexCli(args, { url, adminKey, cwd });
  if (exitCode !== 0) throw new Error(`The suite could not be deployed:\n${stdout}${stderr}`);
}

async function runJest(
  { url, siteUrl, adminKey }: LocalDeployment,
  { cwd, files }: { cwd: string; files: string[] },
): Promise<SuiteResults> {
  const jest = spawn("npx", ["jest", "--silent", "--json", `--outputFile=${REPORT}`, ...files], {
    cwd,
    env: { ...process.env, DEPLOYMENT_URL: url, SITE_URL: siteUrl, ADMIN_KEY: adminKey },
    stdio: ["ignore", "ignore", "inherit"],
  });
  await new Promise((done, reject) => jest.once("close", done).once("error", reject));
  return readSuiteResults(await readFile(join(cwd, REPORT), "utf8"));
}

async function main(): Promise<void> {
  const { mirror, folder, omitComponents, omitExternalPackages } = program.parse().opts();
  const cwd = resolve(folder ?? (await mkdtemp(join(tmpdir(), "official-suite-"))));
  try {
    const omitted = { components: omitComponents, externalPackages: omitExternalPackages };
    await copySuite(resolve(mirror), cwd, omitted);
    await rm(join(cwd, REPORT), { force: true });
    await using deployment = await startLocalDeployment({ limits: { actionMs: ACTION_MS } });
    await deploy(deployment, cwd);
    const { passed, total, text } = await runJest(deployment, { cwd, files: program.args });
    process.stdout.write(text);
    if (passed < total) process.exitCode = 1;
  } finally {
    if (folder === undefined) await rm(cwd, { recursive: true, force: true });
  }
}

await main();
