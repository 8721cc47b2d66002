import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startArtifactServer } from "./artifactServer.ts";
import { startDashboard } from "./dashboard.ts";
import {
  type AdministeredDeployment,
  deployBackend,
  makeAccounts,
  type DemoDeployment,
  prepareGivenBackend,
  startDemoBackend,
} from "./demoBackend.ts";
import type { Evidence } from "./expectations.ts";
import { KeptDemo } from "./keptDemo.ts";
import { PlainHttpBackend } from "./plainHttp.ts";
import type { PlannedVod } from "./plan.ts";
import { readBack } from "./readBack.ts";
import { Resources } from "./resources.ts";
import { runVod, type VodRun, type Workplace } from "./runVod.ts";

/** What `start` brings up. */
type Ground = {
  deployment: DemoDeployment;
  /** Null where nothing stays. */
  kept: KeptDemo | null;
  artifactPort: number;
  workplace: Omit<Workplace, "pipelineKey">;
};
/** What can be worked with once `deploy` is done. */
type Access = { http: PlainHttpBackend; workplace: Workplace; viewerKey: string };

/** The demo without its view: the steps, in the order in which they have to be called, and the cleaning up. */
export class DemoJob {
  readonly planned: readonly PlannedVod[];
  /** The deployment to run on; null: a local one of its own. */
  readonly given: AdministeredDeployment | null;
  readonly #dataFolder: string | null;
  readonly #resources = new Resources();
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #ongoing: Promise<VodRun>[] = [];
  readonly #runs = new Map<PlannedVod, VodRun>();
  #ground: Ground | undefined;
  #access: Access | undefined;

  /**
   * @param place.given - The deployment to run on; null: a local one of its own.
   * @param place.dataFolder - Where the data of its own one stays for the next start; null: nothing stays.
   * @param signal - Stops whatever is under way, which then throws the signal's reason.
   */
  constructor(
    planned: readonly PlannedVod[],
    { given, dataFolder }: { given: AdministeredDeployment | null; dataFolder: string | null },
    signal: AbortSignal,
  ) {
    this.planned = planned;
    this.given = given;
    this.#dataFolder = dataFolder;
    this.#signal = AbortSignal.any([signal, this.#stop.signal]);
  }

  get backendUrl(): string {
    return this.#started().deployment.url;
  }

  /** Starts a server for the artifacts, and a local deployment unless one is given: on free ports, or where they were. */
  async start(): Promise<void> {
    const kept = this.#dataFolder === null ? null : await KeptDemo.open(this.#dataFolder);
    const folder = kept?.folder ?? (await this.#temporaryFolder());
    // First: it holds the folder for this process alone.
    const deployment = this.#resources.add(
      await (this.given === null
        ? startDemoBackend(kept?.dataFolder ?? null, kept?.reachedAt ?? null)
        : prepareGivenBackend(this.given)),
    );
    const artifactFolder = join(folder, "artifacts");
    await mkdir(artifactFolder, { recursive: true });
    const port = kept?.state?.ports.artifacts ?? 0;
    const artifacts = this.#resources.add(await startArtifactServer(artifactFolder, port));
    this.#ground = {
      deployment,
      kept,
      artifactPort: artifacts.port,
      workplace: {
        backendUrl: deployment.url,
        folder,
        artifactFolder,
        artifactUrl: artifacts.url,
        signal: this.#signal,
      },
    };
  }

  /**
   * Serves the dashboard on a free port.
   *
   * @returns The address that opens it signed in, as a viewer.
   */
  async openDashboard(): Promise<string> {
    const { workplace, viewerKey } = this.#ready();
    const { url } = this.#resources.add(
      await startDashboard(workplace.backendUrl, workplace.artifactUrl),
    );
    return `${url}#token=${viewerKey}`;
  }

  /** Pushes `convex/`, and makes the accounts that work with it. */
  async deploy(): Promise<void> {
    const { deployment, workplace, kept, artifactPort } = this.#started();
    await deployBackend(deployment, this.#signal);
    const keys = kept?.state?.keys ?? (await makeAccounts(deployment));
    const { adminKey } = deployment;
    const ports = { deployment: Number(new URL(deployment.url).port), artifacts: artifactPort };
    await kept?.save({ ports, adminKey, keys, runs: kept.state?.runs ?? {} });
    const { pipelineKey, readerKey, viewerKey } = keys;
    this.#access = {
      viewerKey,
      http: new PlainHttpBackend(deployment.url, readerKey),
      workplace: { ...workplace, pipelineKey },
    };
  }

  /**
   * Creates a video and runs its pipeline to the end, if an earlier start has not. What the pipeline does wrong is in its
   * evidence.
   *
   * @param onProgress - Gets a line for people whenever something happens.
   */
  async work(planned: PlannedVod, onProgress: (line: string) => void): Promise<void> {
    const { http, workplace } = this.#ready();
    const { kept } = this.#started();
    const { twitchId, title } = planned.vod;
    const earlier = kept?.state?.runs[twitchId];
    if (earlier !== undefined) {
      onProgress("is there from an earlier start");
      this.#runs.set(planned, earlier);
      return;
    }
    const isNew = (await http.readVideo(twitchId)) === null;
    await http.createVideo(twitchId, title);
    const running = runVod(planned, workplace, onProgress);
    this.#ongoing.push(running);
    const run = { ...(await running), isWhole: isNew };
    this.#runs.set(planned, run);
    // One that has failed is tried again at the next start.
    if (run.exitCodes.analysisPipeline === 0) await kept?.saveRun(twitchId, run);
  }

  /** Gathers what there is to know about each VOD that was worked on. */
  async readBack(): Promise<Evidence[]> {
    const { http } = this.#ready();
    const evidence: Evidence[] = [];
    for (const planned of this.planned) {
      const run = this.#runs.get(planned);
      if (run !== undefined) evidence.push(await readBack(planned, run, http));
    }
    return evidence;
  }

  /** Stops what is still under way, and leaves nothing behind. */
  async close(): Promise<void> {
    this.#stop.abort();
    // Until its processes are gone they write to the folder that is about to be removed.
    await Promise.allSettled(this.#ongoing);
    await this.#resources.close();
  }

  async #temporaryFolder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "klipstream-demo-"));
    this.#resources.add({ close: () => rm(folder, { recursive: true, force: true }) });
    return folder;
  }

  #started(): Ground {
    if (this.#ground === undefined) throw new Error("start() comes first");
    return this.#ground;
  }

  #ready(): Access {
    if (this.#access === undefined) throw new Error("deploy() comes first");
    return this.#access;
  }
}
