import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import type { GivenDeployment } from "../testedDeployment.ts";
import { type Backend, startBackend } from "./backend.ts";
import { giveBadInput } from "./badInput.ts";
import { breakTokenSources } from "./badTokenSources.ts";
import { bundleWorker } from "./bundleWorker.ts";
import { jumpClocks } from "./clockJumps.ts";
import { findingOf, openDamagedFiles } from "./damagedFiles.ts";
import { FaultProxy } from "./FaultProxy.ts";
import type { Finding } from "./finding.ts";
import { fillDisks } from "./fullDisk.ts";
import { failEveryFunction } from "./functionErrors.ts";
import { killPipelines, type KillingResult } from "./killing.ts";
import { disagreeOnTime } from "./machines.ts";
import { replayOldRuns } from "./oldRuns.ts";
import { findTogether } from "./openTogether.ts";
import { poisonRequests } from "./poisonedRequests.ts";
import { countOutageRequests, spreadHerd } from "./quietOutage.ts";
import { Random } from "./random.ts";
import { redriveDeadLetters } from "./redrives.ts";
import { killRelay } from "./relayKills.ts";
import { SecretWatch } from "./SecretWatch.ts";
import { failInStages } from "./stages.ts";
import { stopProcesses } from "./stoppedProcesses.ts";

export type ChaosOptions = {
  kills: number;
  updates: number;
  relayKills: number;
  seed: number;
  /** The deployment; undefined starts a local one. */
  given?: GivenDeployment;
  onProgress: (line: string) => void;
};

/** Puts every promise of the client that does not depend on this machine's speed to the test. */
export async function runChaos(options: ChaosOptions): Promise<Finding[]> {
  const { seed } = options;
  const folder = mkdtempSync(join(tmpdir(), "klipstream-chaos-"));
  const backend = await startBackend(options.given);
  const script = await bundleWorker();
  const proxy = new FaultProxy(backend.deployment.url, new Random(seed));
  const proxyUrl = await proxy.open();
  const watch = new SecretWatch(backend.apiKey);
  const setting = { backend, proxy, proxyUrl, script, folder, seed, onLog: watch.see };
  try {
    const killing = findingsOf(await killPipelines({ ...setting, ...options }), proxy);
    const relay = await killRelay({ ...setting, ...options, kills: options.relayKills });
    options.onProgress("old runs, clock jumps, outages, bad input");
    return [
      ...killing,
      ...relay,
      await replayOldRuns({ ...setting, videos: Math.min(50, options.kills) }),
      await jumpClocks({ ...setting, updates: Math.min(100, options.kills) }),
      await countOutageRequests(seed, 360),
      await spreadHerd(seed),
      findingOf(await openDamagedFiles({ seed, files: 10 * options.kills })),
      await disagreeOnTime({ ...setting, legs: Math.min(60, options.kills) }),
      await redriveDeadLetters({ ...setting, videos: Math.min(30, options.kills) }),
      await failInStages({ ...setting, videos: Math.min(30, options.kills) }),
      await stopProcesses({ ...setting, stops: Math.min(20, Math.ceil(options.kills / 4)) }),
      await findTogether(Math.min(10, Math.ceil(options.kills / 10))),
      await poisonRequests(setting),
      await failEveryFunction(setting),
      await breakTokenSources(setting),
      await fillDisks(setting),
      await giveBadInput(backend, { seed, runs: Math.min(200, options.kills) }),
      {
        promise: "secrets",
        how: `${watch.lines} log lines of all processes, at level debug`,
        figure: `${watch.leaks.length} with a key or a token`,
        kept: watch.lines > 0 && watch.leaks.length === 0,
      },
    ];
  } finally {
    await end(backend, proxy, [folder, dirname(script)]);
  }
}

function findingsOf(killing: KillingResult, proxy: FaultProxy): Finding[] {
  const { kills, killsAtStep, accepted, unknown, mistakes, isBalanced, left } = killing;
  const requests = [...proxy.hits.values()].reduce((sum, count) => sum + count, 0);
  const cut = proxy.hits.get("cutAfterCommit") ?? 0;
  const share = Math.round((100 * cut) / Math.max(1, requests));
  return [
    {
      promise: "nothing accepted is lost",
      how: `${kills} SIGKILLs (${killsAtStep} at a named step), ${accepted} accepted, ${unknown} cut short`,
      figure: `${mistakes.lost.length} lost, ${left} left`,
      kept: mistakes.lost.length === 0 && left === 0,
    },
    {
      promise: "nothing is applied twice",
      how: `${requests} requests, ${share} % of answers cut after the commit, every other fault`,
      figure: `${mistakes.twice.length} duplicates, ${mistakes.ghosts.length} of rejected updates`,
      kept: mistakes.twice.length === 0 && mistakes.ghosts.length === 0,
    },
    {
      promise: "order per video",
      how: "3 processes on one outbox, each killed and replaced",
      figure: `${mistakes.inversions.length} inversions, ${mistakes.superseded.length} superseded`,
      kept: mistakes.inversions.length === 0 && mistakes.superseded.length === 0,
    },
    {
      promise: "the books balance",
      how: "accepted = acknowledged + pending + dead letters, after it all",
      figure: isBalanced ? "they do" : "they do not",
      kept: isBalanced,
    },
  ];
}

async function end(backend: Backend, proxy: FaultProxy, folders: string[]): Promise<void> {
  await proxy.close();
  await backend.deployment.close();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}
