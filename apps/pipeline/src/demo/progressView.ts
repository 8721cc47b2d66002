import { Listr, type ListrTask } from "listr2";

import type { DemoJob } from "./DemoJob.ts";
import type { Evidence } from "./expectations.ts";

const VODS_AT_A_TIME = 2;

/**
 * Runs the demo, and shows how far each VOD is: a live view on a terminal, and plain lines elsewhere.
 *
 * @param onDeployed - Called before the pipelines start.
 * @throws where a step before or after the pipelines fails.
 */
export async function runWithView(
  job: DemoJob,
  onDeployed: () => Promise<void>,
): Promise<Evidence[]> {
  let evidence: Evidence[] = [];
  await show([
    {
      title: job.given === null ? "Start a local deployment" : `Prepare ${job.given.url}`,
      task: () => job.start(),
    },
    { title: "Deploy convex/", task: () => job.deploy() },
  ]);
  await onDeployed();
  await show([
    {
      title: `Run ${job.planned.length} VODs, ${VODS_AT_A_TIME} at a time`,
      task: (_, task) => task.newListr(vodTasks(job), { concurrent: VODS_AT_A_TIME }),
    },
    {
      title: "Read everything back",
      task: async () => {
        evidence = await job.readBack();
      },
    },
  ]);
  return evidence;
}

async function show(tasks: ListrTask[]): Promise<void> {
  // Signals are the caller's: the view would end the process before anything is cleaned up.
  const options = { registerSignalListeners: false, rendererOptions: { collapseSubtasks: false } };
  await new Listr(tasks, options).run();
}

function vodTasks(job: DemoJob): ListrTask[] {
  return job.planned.map((planned) => ({
    title: planned.name,
    task: (_, task) =>
      job.work(planned, (line) => {
        task.output = `${planned.name}: ${line}`;
      }),
  }));
}
