import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startArtifactServer } from "./artifactServer.ts";
import { startDashboard } from "./dashboard.ts";
import {
  type AdministeredDeployment,
  deployBackend,
  type DemoDeployment,
  prepareGivenBackend,
  startDemoBackend,
} from "./demoBackend.ts";
import type { Evidence } from "./expectations.ts";
import { PlainHttpBackend } from "./plainHttp.ts";
import type { PlannedVod } from "./plan.ts";
import { readBack } from "./readBack.ts";
import { Resources } from "./resources.ts";
import { runVod, type VodRun, type Workplace } from "./runVod.ts";

/** What `start` brings up. */
type Ground = {
  deployment: DemoDeployment;
  workplace: Omit<Workplace, "pipelineKey">;
};
/** What can be worked with once `deploy` is done. */
type Access = { http: PlainHttpBackend; workplace: Workplace; viewerKey: string };

/** The demo without its view: the steps, in the order in which they have to be called, and the cleaning up. */
export class DemoJob {
  readonly planned: readonly PlannedVod[];
  /** The deployment to run on; null: a local one of its own. */
  readonly given: AdministeredDeployment | null;
  readonly #resources = new Resources();
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #ongoing: Promise<VodRun>[] = [];
  readonly #runs = new Map<PlannedVod, VodRun>();
  #ground: Ground | undefined;
  #access: Access | undefined;

  /** @param signal - Stops whatever is under way, which then throws the signal's reason. */
  constructor(
    planned: readonly PlannedVod[],
    given: AdministeredDeployment | null,
    signal: AbortSignal,
  ) {
    this.planned = planned;
    this.given = given;
    this.#signal = AbortSignal.any([signal, this.#stop.signal]);
  }

  get backendUrl(): string {
    return this.#started().deployment.url;
  }

  /** Starts a server for the artifacts, and a local deployment unless one is given, on free ports. */
  async start(): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), "klipstream-demo-"));
    this.#resources.add({ close: () => rm(folder, { recursive: true, force: true }) });
    const artifactFolder = join(folder, "artifacts");
    await mkdir(artifactFolder);
    const artifacts = this.#resources.add(await startArtifactServer(artifactFolder));
    const deployment = this.#resources.add(
      await (this.given === null ? startDemoBackend() : prepareGivenBackend(this.given)),
    );
    this.#ground = {
      deployment,
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
    const { deployment, workplace } = this.#started();
    const { pipelineKey, readerKey, viewerKey } = await deployBackend(deployment, this.#signal);
    this.#access = {
      viewerKey,
      http: new PlainHttpBackend(deployment.url, readerKey),
      workplace: { ...workplace, pipelineKey },
    };
  }

  /**
   * Creates a video and runs its pipeline to the end. What the pipeline does wrong is in its evidence.
   *
   * @param onProgress - Gets a line for people whenever something happens.
   */
  async work(planned: PlannedVod, onProgress: (line: string) => void): Promise<void> {
    const { http, workplace } = this.#ready();
    await http.createVideo(planned.vod.twitchId, planned.vod.title);
    const run = runVod(planned, workplace, onProgress);
    this.#ongoing.push(run);
    this.#runs.set(planned, await run);
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

  #started(): Ground {
    if (this.#ground === undefined) throw new Error("start() comes first");
    return this.#ground;
  }

  #ready(): Access {
    if (this.#access === undefined) throw new Error("deploy() comes first");
    return this.#access;
  }
}
