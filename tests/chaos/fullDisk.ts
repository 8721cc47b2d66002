import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { FAIR } from "./FaultProxy.ts";
import { Worker } from "./Fleet.ts";
import type { Finding } from "./finding.ts";
import { createVideos, type Setting } from "./machine.ts";
import { Oracle } from "./Oracle.ts";

const MIB = 1024 * 1024;
const DISKS = [MIB, 2 * MIB, 3 * MIB];

/** Disks that fill while the backend is away; the process is killed then, and a new one delivers. */
export async function fillDisks(setting: Setting): Promise<Finding> {
  const promise = "a full disk delays accepting, never delivery";
  const oracle = new Oracle();
  let unbalanced = 0;
  let acceptedAfterwards = 0;
  for (const [index, bytes] of DISKS.entries()) {
    const disk = mountDisk(bytes);
    if (disk === null)
      return { promise, how: "skipped: no tmpfs can be mounted here", figure: "-", kept: true };
    try {
      const twitchIds = await createVideos(setting, 93_000 + 100 * index, 20);
      const balanced = await fillOne({ ...setting, disk, twitchIds }, oracle);
      if (!balanced.isBalanced) unbalanced += 1;
      if (balanced.acceptsAgain) acceptedAfterwards += 1;
    } finally {
      spawnSync("umount", ["-l", disk]);
      rmSync(disk, { recursive: true, force: true });
    }
  }
  const mistakes = await oracle.findMistakes(setting.backend);
  const wrong = Object.values(mistakes).flat().length;
  return {
    promise,
    how: `${DISKS.length} disks of 1 to 3 MiB that were filled with ${oracle.accepted} updates, a SIGKILL, a new process`,
    figure: `${wrong} lost, doubled or out of order; ${acceptedAfterwards} of ${DISKS.length} accept again`,
    kept: wrong === 0 && unbalanced === 0 && acceptedAfterwards === DISKS.length,
  };
}

function mountDisk(bytes: number): string | null {
  const folder = mkdtempSync(join(tmpdir(), "klipstream-disk-"));
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", folder]);
  if (status === 0) return folder;
  rmSync(folder, { recursive: true, force: true });
  return null;
}

async function fillOne(
  setting: Setting & { disk: string; twitchIds: string[] },
  oracle: Oracle,
): Promise<{ isBalanced: boolean; acceptsAgain: boolean }> {
  const { backend, proxy, proxyUrl, script, disk, twitchIds, seed, onLog } = setting;
  const plan = { url: proxyUrl, apiKey: backend.apiKey, outboxPath: join(disk, "outbox.db"), seed };
  const report = async (worker: Worker, place: number) => {
    const twitchId = twitchIds[place % twitchIds.length]!;
    const updateId = `${twitchId}-${place}`;
    const url = `https://files.example/${updateId}/${"x".repeat(900)}.csv`;
    const { outcome } = await worker.report({ updateId, twitchId, url });
    oracle.note(twitchId, updateId, outcome === "rejected" ? "rejected" : "accepted");
    return outcome !== "rejected";
  };
  proxy.weather = { reset: 1 };
  const first = new Worker(script, onLog);
  await first.start(plan);
  let place = 0;
  while (await report(first, place)) place += 1;
  await first.kill();
  proxy.weather = FAIR;
  const second = new Worker(script, onLog);
  await second.start(plan);
  await second.finish();
  const third = new Worker(script, onLog);
  await third.start(plan);
  const acceptsAgain = await report(third, place + 1);
  await third.finish();
  return { isBalanced: second.isBalanced && third.isBalanced, acceptsAgain };
}
