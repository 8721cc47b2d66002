import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Listr, type ListrTask } from "listr2";

import { startArtifactServer } from "./artifactServer.ts";
import { deployBackend, type DemoBackend, startDemoBackend } from "./demoBackend.ts";
import type { Evidence } from "./expectations.ts";
import { PlainHttpBackend } from "./plainHttp.ts";
import type { PlannedVod } from "./plan.ts";
import { readBack } from "./readBack.ts";
import type { Resources } from "./resources.ts";
import { runVod, type VodRun, type Workplace } from "./runVod.ts";

const VODS_AT_A_TIME = 2;

export type DemoOptions = {
  planned: readonly PlannedVod[];
  /** Gets everything that has to be closed at the end. */
  resources: Resources;
  signal: AbortSignal;
};

export type DemoResult = { backendUrl: string; evidence: Evidence[] };

/** What the steps of the demo hand to the next ones. */
type Stage = {
  backend: DemoBackend;
  http: PlainHttpBackend;
  workplace: Workplace;
};

/**
 * Runs everything once: a local deployment, the pipelines of the planned VODs, and at the end what is stored.
 *
 * @throws where a step before or after the pipelines fails. What a pipeline does wrong is in its evidence.
 */
export async function runDemo({ planned, resources, signal }: DemoOptions): Promise<DemoResult> {
  const runs = new Map<PlannedVod, VodRun>();
  const evidence: Evidence[] = [];
  let stage: Stage | undefined;
  const ready = (): Stage => {
    if (stage === undefined) throw new Error("the backend is not ready");
    return stage;
  };
  const work = async (vod: PlannedVod, onProgress: (line: string) => void): Promise<void> => {
    const { http, workplace } = ready();
    await http.createVideo(vod.vod.twitchId, vod.vod.title);
    runs.set(vod, await runVod(vod, workplace, onProgress));
  };
  const tasks: ListrTask[] = [
    {
      title: "Start a local deployment",
      task: async () => {
        stage = await setUp(resources, signal);
      },
    },
    { title: "Deploy convex/", task: () => deployBackend(ready().backend, signal) },
    {
      title: `Run ${planned.length} VODs, ${VODS_AT_A_TIME} at a time`,
      task: (_, task) =>
        task.newListr(
          planned.map((vod) => vodTask(vod, work)),
          { concurrent: VODS_AT_A_TIME, exitOnError: true },
        ),
    },
    {
      title: "Read everything back",
      task: async () => {
        for (const vod of planned) {
          const run = runs.get(vod);
          if (run !== undefined) evidence.push(await readBack(vod, run, ready().http));
        }
      },
    },
  ];
  await new Listr(tasks, {
    registerSignalListeners: false,
    rendererOptions: { collapseSubtasks: false },
  }).run();
  return { backendUrl: ready().backend.deployment.url, evidence };
}

async function setUp(resources: Resources, signal: AbortSignal): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), "klipstream-demo-"));
  resources.add({ close: () => rm(folder, { recursive: true, force: true }) });
  const backend = await startDemoBackend();
  const { url } = resources.add(backend.deployment);
  const artifactFolder = join(folder, "artifacts");
  await mkdir(artifactFolder);
  const artifacts = resources.add(await startArtifactServer(artifactFolder));
  return {
    backend,
    http: new PlainHttpBackend(url, backend.token),
    workplace: {
      backendUrl: url,
      pipelineKey: backend.pipelineKey,
      folder,
      artifactFolder,
      artifactUrl: artifacts.url,
      signal,
    },
  };
}

function vodTask(
  vod: PlannedVod,
  work: (vod: PlannedVod, onProgress: (line: string) => void) => Promise<void>,
): ListrTask {
  return {
    title: vod.name,
    task: (_, task) =>
      work(vod, (line) => {
        task.output = `${vod.name}: ${line}`;
      }),
  };
}
