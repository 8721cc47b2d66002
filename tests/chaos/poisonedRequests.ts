import { FAIR, pause, type Poison } from "./FaultProxy.ts";
import type { Finding } from "./finding.ts";
import { createMachine, createVideos, type Setting } from "./machine.ts";

const HTML = "<html>This request was blocked</html>";
const POISONS: Poison[] = [
  { status: 403, body: HTML },
  { status: 413, body: HTML },
  { status: 500, body: HTML },
  "hang",
];
/** Others whose requests are left alone, for each poisoned video. */
const OTHERS = 50;
const PATIENCE_MS = 20_000;

/** One video's requests always fail, in four ways: the other videos go on meanwhile, and it when it is healed. */
export async function poisonRequests(setting: Setting): Promise<Finding> {
  const { backend, proxy } = setting;
  proxy.weather = FAIR;
  let waiting = 0;
  let lost = 0;
  for (const [way, poison] of POISONS.entries()) {
    const [poisoned = "", ...others] = await createVideos(setting, 90_000 + 100 * way, 1 + OTHERS);
    proxy.poisons.set(poisoned, poison);
    const machine = createMachine(setting, `poisoned-${way}.db`);
    await machine.updateVideoStatus(poisoned, "Downloading");
    for (const twitchId of others) await machine.updateVideoStatus(twitchId, "Downloading");
    await machine.updateVideoStatus(poisoned, "Analyzing");
    const endsAt = performance.now() + PATIENCE_MS;
    while (machine.stats().acknowledged < OTHERS && performance.now() < endsAt) await pause(20);
    waiting += OTHERS - machine.stats().acknowledged;
    proxy.poisons.delete(poisoned);
    await machine.flush();
    const { deadLettered } = machine.stats();
    await machine.close();
    const { status } = (await backend.direct.getVideo(poisoned)) ?? {};
    if (status !== "Analyzing" || deadLettered > 0) lost += 1;
  }
  return {
    promise: "a poisoned request holds up nobody else",
    how: `${POISONS.length} videos that always get 403, 413, 500 or no answer, ${OTHERS} others beside each`,
    figure: `${waiting} others waiting, ${lost} of the poisoned lost after healing`,
    kept: waiting === 0 && lost === 0,
  };
}
