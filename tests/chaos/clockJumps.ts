import { join } from "node:path";

import type { Backend } from "./backend.ts";
import { FAIR, type FaultProxy, STORM } from "./FaultProxy.ts";
import { Worker } from "./Fleet.ts";
import type { Finding } from "./finding.ts";
import { Oracle } from "./Oracle.ts";

/** A process whose wall clock jumps by up to an hour, forth and back, all the time. */
export async function jumpClocks(options: {
  backend: Backend;
  proxy: FaultProxy;
  proxyUrl: string;
  script: string;
  folder: string;
  seed: number;
  updates: number;
  onLog: (line: string) => void;
}): Promise<Finding> {
  const { backend, proxy, proxyUrl, script, folder, seed, updates, onLog } = options;
  const twitchIds = Array.from({ length: 5 }, (_, video) => String(30_000 + video));
  for (const twitchId of twitchIds) await backend.direct.createVideo(twitchId);
  proxy.weather = { ...STORM, expiredToken: 0 };
  const oracle = new Oracle();
  const worker = new Worker(script, onLog);
  const outboxPath = join(folder, "jumps.db");
  const plan = { url: proxyUrl, apiKey: backend.apiKey, outboxPath, seed };
  await worker.start({ ...plan, clockJumps: true });
  for (let place = 0; place < updates; place++)
    for (const twitchId of twitchIds) {
      const updateId = `${twitchId}-${place}`;
      const url = `https://files.example/${twitchId}/${place}.csv`;
      const { outcome } = await worker.report({ updateId, twitchId, url });
      oracle.note(twitchId, updateId, outcome === "rejected" ? "rejected" : "accepted");
    }
  await worker.finish();
  proxy.weather = FAIR;
  await proxy.calm();
  const mistakes = await oracle.findMistakes(backend);
  const wrong = Object.values(mistakes).flat().length;
  return {
    promise: "clock jumps do not break order",
    how: `${oracle.accepted} updates, the wall clock off by up to an hour either way, in the storm`,
    figure: `${wrong} lost, doubled, out of order or superseded`,
    kept: wrong === 0 && oracle.accepted === updates * twitchIds.length && worker.isBalanced,
  };
}
