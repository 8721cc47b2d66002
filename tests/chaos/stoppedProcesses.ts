import { join } from "node:path";

import { FAIR, pause } from "./FaultProxy.ts";
import { Worker } from "./Fleet.ts";
import type { Finding } from "./finding.ts";
import { createVideos, LONG_STORM, type Setting } from "./machine.ts";
import { Oracle } from "./Oracle.ts";
import { Random } from "./random.ts";

const WORKERS = 3;
/** How long a process stands still, in milliseconds. */
const STOPPED_MS = 1200;

/**
 * Processes that share an outbox are stopped at a random moment, as by a debugger or a frozen container, and go on later. The others may
 * be refused meanwhile, where it was stopped in a transaction, but never wait for long.
 */
export async function stopProcesses(setting: Setting & { stops: number }): Promise<Finding> {
  const { backend, proxy, proxyUrl, script, folder, seed, stops, onLog } = setting;
  const random = new Random(seed);
  const twitchIds = await createVideos(setting, 80_000, 6);
  const oracle = new Oracle();
  const workers = Array.from({ length: WORKERS }, () => new Worker(script, onLog));
  const plan = {
    url: proxyUrl,
    apiKey: backend.apiKey,
    outboxPath: join(folder, "stopped.db"),
    seed,
  };
  await Promise.all(workers.map((worker) => worker.start(plan)));
  proxy.weather = LONG_STORM;
  const state = { isDone: false, slowestMs: 0, refused: 0, untyped: 0 };
  let stopped: Worker | undefined;
  const report = async (twitchId: string) => {
    for (let place = 0; !state.isDone; place++) {
      const worker = random.pick(workers.filter((one) => one !== stopped));
      const updateId = `${twitchId}-${place}`;
      const url = `https://files.example/${updateId}.csv`;
      const startedAt = performance.now();
      const { outcome, code } = await worker.report({ updateId, twitchId, url });
      // One that was given to a process just before it stopped waits with it.
      if (worker !== stopped && !wasStopped.has(worker))
        state.slowestMs = Math.max(state.slowestMs, performance.now() - startedAt);
      if (outcome === "rejected") state.refused += 1;
      if (outcome === "rejected" && code !== "OUTBOX_UNWRITABLE") state.untyped += 1;
      oracle.note(twitchId, updateId, outcome === "rejected" ? "rejected" : "accepted");
      await pause(random.between(10, 60));
    }
  };
  const wasStopped = new Set<Worker>();
  const reporting = twitchIds.map(report);
  for (let stop = 0; stop < stops; stop++) {
    await pause(random.between(50, 300));
    stopped = random.pick(workers);
    wasStopped.add(stopped);
    stopped.pause();
    await pause(STOPPED_MS);
    stopped.resume();
    const resumed = stopped;
    stopped = undefined;
    await pause(50);
    wasStopped.delete(resumed);
  }
  state.isDone = true;
  await Promise.all(reporting);
  proxy.weather = FAIR;
  for (const worker of workers) await worker.finish();
  await proxy.calm();
  const mistakes = await oracle.findMistakes(backend);
  const wrong = Object.values(mistakes).flat().length;
  return {
    promise: "a stopped process stops nobody else",
    how: `${stops} SIGSTOPs of ${STOPPED_MS} ms, ${WORKERS} processes on one outbox, ${oracle.accepted} accepted, in the storm`,
    figure: `${wrong} lost, doubled or out of order; ${state.refused} refused at the lock; slowest call ${Math.round(state.slowestMs)} ms`,
    kept: wrong === 0 && state.untyped === 0 && workers.every(({ isBalanced }) => isBalanced),
  };
}
