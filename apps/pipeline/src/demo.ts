/** The main job, start to end, on a local deployment of its own: `pnpm demo`. With `--stay` it is `pnpm start`. */
import { once } from "node:events";

import { Command, Option } from "@commander-js/extra-typings";

import { DemoJob } from "./demo/DemoJob.ts";
import type { AdministeredDeployment } from "./demo/demoBackend.ts";
import { type Evidence, findProblems } from "./demo/expectations.ts";
import { type PlannedVod, planVods } from "./demo/plan.ts";
import { runWithView } from "./demo/progressView.ts";
import { summaryTable } from "./demo/summary.ts";
import { VodFolderError } from "./vod/vodFolderError.ts";

const {
  vod: folders,
  stay = false,
  deployment: givenUrl,
  keep = null,
} = new Command("demo")
  .description("Run VODs through the whole system, on a local deployment unless one is given.")
  .option("--vod <folder>", "a VOD folder of your own; repeatable", collect, [])
  .option("--stay", "stay up until Ctrl-C")
  .option(
    "--deployment <url>",
    "an empty deployment to run on, whose admin key is in CONVEX_SELF_HOSTED_ADMIN_KEY; its signing key is replaced",
  )
  .addOption(
    new Option(
      "--keep <folder>",
      "keep all data in a folder, and go on with it at the next start",
    ).conflicts("deployment"),
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse()
  .opts();

function collect(folder: string, folders: string[]): string[] {
  return [...folders, folder];
}

/** 128 + the signal's number, as shells do. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

function givenDeployment(): AdministeredDeployment | null {
  if (givenUrl === undefined) return null;
  const adminKey = process.env.CONVEX_SELF_HOSTED_ADMIN_KEY;
  if (adminKey !== undefined) return { url: givenUrl, adminKey };
  process.stderr.write("--deployment needs CONVEX_SELF_HOSTED_ADMIN_KEY in the environment\n");
  process.exit(2);
}

async function main(planned: readonly PlannedVod[]): Promise<number> {
  const stop = new AbortController();
  let stoppedBy: keyof typeof EXIT_CODES | undefined;
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => {
      stoppedBy = signal;
      stop.abort();
    });
  const job = new DemoJob(planned, { given: givenDeployment(), dataFolder: keep }, stop.signal);
  try {
    const evidence = await runWithView(job, () => (stay ? showDashboard(job) : Promise.resolve()));
    const isGood = report(evidence);
    if (!stay || !isGood || stop.signal.aborted) return isGood ? 0 : 1;
    printAddresses(job.backendUrl, evidence);
    await once(stop.signal, "abort");
    return 0;
  } catch (error) {
    if (stoppedBy !== undefined) return EXIT_CODES[stoppedBy];
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  } finally {
    await job.close();
  }
}

/** Without the dashboard the demo is still worth its while. */
async function showDashboard(job: DemoJob): Promise<void> {
  try {
    const address = await job.openDashboard();
    process.stdout.write(`\nThe dashboard, to look at:\n\n  ${address}\n\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  }
}

function report(evidence: readonly Evidence[]): boolean {
  const problems = evidence.flatMap(findProblems);
  process.stdout.write(`\n${summaryTable(evidence)}\n\n`);
  if (problems.length === 0) process.stdout.write("All is as it must be.\n");
  for (const problem of problems) process.stderr.write(`FAILED ${problem}\n`);
  return problems.length === 0;
}

function printAddresses(backendUrl: string, evidence: readonly Evidence[]): void {
  const lines = evidence.map(({ planned: { name, vod }, video }) =>
    [`  ${name} (${vod.twitchId})`, `    ${video?.transcriptAnalysisUrl ?? ""}`].join("\n"),
  );
  const whereData = keep === null ? "its data is gone" : `its data stays in ${keep}`;
  process.stdout.write(
    `\nThe deployment is at ${backendUrl}; ${whereData} when it stops (Ctrl-C).\n${lines.join("\n")}\n`,
  );
}

async function plan(): Promise<readonly PlannedVod[] | null> {
  try {
    return await planVods(folders);
  } catch (error) {
    if (!(error instanceof VodFolderError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return null;
  }
}

const planned = await plan();
process.exitCode = planned === null ? 2 : await main(planned);
