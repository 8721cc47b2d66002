import { FAIR, pause } from "./FaultProxy.ts";
import type { Finding } from "./finding.ts";
import { createMachine, createVideos, type Setting } from "./machine.ts";

const WORDINGS = [
  "Cannot run functions while this deployment is paused. Resume the deployment in the dashboard settings to allow functions to run.",
  "You have exceeded the free plan limits, so your deployments have been disabled.",
  "Could not find public function for 'video:updateStatusByTwitchId'. Did you forget to run `npx convex dev` or `npx convex deploy`?",
  "[Request ID: 0123456789abcdef] Server Error",
];
/** What Convex answers where a function failed: https://docs.convex.dev/http-api/ */
const FUNCTION_FAILED = 560;
const OUTAGE_MS = 2500;
const VIDEOS = 8;
const UPDATES = 40;

/** A backend that is paused, disabled or badly deployed answers every request as if its function had failed. */
export async function failEveryFunction(setting: Setting): Promise<Finding> {
  const { proxy } = setting;
  proxy.weather = FAIR;
  let deadLettered = 0;
  let acknowledged = 0;
  for (const [index, errorMessage] of WORDINGS.entries()) {
    const twitchIds = await createVideos(setting, 91_000 + 100 * index, VIDEOS);
    const machine = createMachine(setting, `functions-${index}.db`);
    // It has its token before the outage.
    await machine.updateVideoStatus(twitchIds[0]!, "Downloading");
    await machine.flush();
    const body = JSON.stringify({ status: "error", errorMessage, logLines: [] });
    proxy.outage = { status: FUNCTION_FAILED, body };
    for (let update = 0; update < UPDATES; update++) {
      const twitchId = twitchIds[update % VIDEOS]!;
      await machine.updateVideoUrls(twitchId, { chatUrl: `https://files.example/${update}.csv` });
      await pause(OUTAGE_MS / UPDATES);
    }
    proxy.outage = undefined;
    await machine.flush();
    deadLettered += machine.stats().deadLettered;
    acknowledged += machine.stats().acknowledged - 1;
    await machine.close();
  }
  const updates = UPDATES * WORDINGS.length;
  return {
    promise: "a function error for everyone is an outage",
    how: `${WORDINGS.length} wordings, ${updates} updates during ${OUTAGE_MS} ms each`,
    figure: `${deadLettered} dead letters, ${acknowledged} of ${updates} delivered afterwards`,
    kept: deadLettered === 0 && acknowledged === updates,
  };
}
