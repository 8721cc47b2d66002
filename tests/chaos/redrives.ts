import { join } from "node:path";

import { OutboxInspector } from "@klipstream/client";

import { FAIR } from "./FaultProxy.ts";
import type { Finding } from "./finding.ts";
import { createMachine, LONG_STORM, type Setting, wrongClock } from "./machine.ts";
import { Random } from "./random.ts";

/**
 * Updates become dead letters, since their videos do not exist yet. Then the videos are created, and completed by the same machine or by
 * another, and the dead letters are redriven.
 */
export async function redriveDeadLetters(setting: Setting & { videos: number }): Promise<Finding> {
  const { backend, proxy, folder, seed, videos } = setting;
  const random = new Random(seed);
  const twitchIds = Array.from({ length: videos }, (_, video) => String(65_000 + video));
  const clocks = ["one", "other"].map((name) => wrongClock(random, name));
  const open = (machine: 0 | 1) =>
    createMachine(setting, `redrive-${machine}.db`, { ambient: { clock: clocks[machine]! } });
  const inspect = (options: { asNew?: boolean }) => {
    const inspector = new OutboxInspector({ outboxPath: join(folder, "redrive-0.db") });
    const seqs = inspector.deadLetters(proxyUrlOf(setting)).map(({ seq }) => seq);
    const count = inspector.redrive(proxyUrlOf(setting), seqs, options);
    inspector.close();
    return count;
  };

  proxy.weather = FAIR;
  const [one, other] = [open(0), open(1)];
  for (const twitchId of twitchIds) await one.updateVideoStatus(twitchId, "Downloading");
  const done = [await one.flush({ timeoutMs: 60_000 })];
  const { deadLettered } = one.stats();
  for (const twitchId of twitchIds) await backend.direct.createVideo(twitchId);
  proxy.weather = LONG_STORM;
  for (const [index, twitchId] of twitchIds.entries())
    await (index % 2 === 0 ? one : other).updateVideoStatus(twitchId, "Completed");
  done.push(
    ...(await Promise.all([one, other].map((machine) => machine.flush({ timeoutMs: 60_000 })))),
  );
  await Promise.all([one, other].map((machine) => machine.close()));

  const redriven = inspect({});
  const third = open(0);
  done.push(await third.flush({ timeoutMs: 60_000 }));
  const undone = await countOthers(setting, twitchIds, "Completed");
  // The operator's word that they shall count.
  for (const twitchId of ["69999"]) await third.updateVideoStatus(twitchId, "Analyzing");
  await third.flush({ timeoutMs: 60_000 });
  await third.close();
  await backend.direct.createVideo("69999");
  const asNew = inspect({ asNew: true });
  const last = open(0);
  done.push(await last.flush({ timeoutMs: 60_000 }));
  await last.close();
  proxy.weather = FAIR;
  const isNew = (await countOthers(setting, ["69999"], "Analyzing")) === 0;
  const isComplete = deadLettered === videos && redriven === videos && asNew === 1;
  return {
    promise: "a redriven dead letter undoes nothing",
    how: `${redriven} redriven after Completed of the same or another machine, clocks up to a year apart, in the storm; ${asNew} as new`,
    figure: `${undone} of ${videos} undone; as new ${isNew ? "it counts" : "it does not count"}`,
    kept: undone === 0 && isNew && isComplete && done.every(({ delivered }) => delivered),
  };
}

const proxyUrlOf = ({ proxyUrl }: Setting) => proxyUrl;

async function countOthers(
  { backend }: Setting,
  twitchIds: readonly string[],
  status: string,
): Promise<number> {
  let count = 0;
  for (const twitchId of twitchIds)
    if ((await backend.direct.getVideo(twitchId))?.status !== status) count += 1;
  return count;
}
