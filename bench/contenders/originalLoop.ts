import { request } from "node:http";

import type { Contender, Place } from "./contender.ts";

const TIMEOUT_MS = 10_000;
/** After the first and the second attempt; after the third it gives up. */
const PAUSES_MS = [1000, 2000, 0];

/**
 * What the Python original does for each call: a connection of its own, three attempts of 10 s, pauses of 1 s and 2 s; then the update is
 * dropped. It sends a status and URLs apart.
 *
 * @param divisor - Its times are divided by this, where a run at its own pace would take too long.
 */
export function originalLoop(divisor = 1): Contender {
  return {
    name: "the original's loop",
    open: (place) => ({
      async report({ twitchId, status, urls }) {
        if (status !== undefined)
          await send(place, divisor, ["video:updateStatusByTwitchId", { twitchId, status }]);
        if (urls !== undefined)
          await send(place, divisor, ["video:updateUrls", { twitchId, urls }]);
      },
      settle: () => Promise.resolve(),
      close: () => Promise.resolve(),
    }),
  };
}

async function send(place: Place, divisor: number, [path, args]: [string, object]): Promise<void> {
  const body = JSON.stringify({ path, args, format: "json" });
  for (const pauseMs of PAUSES_MS) {
    if (await attempt(place, body, TIMEOUT_MS / divisor)) return;
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs / divisor));
  }
}

function attempt({ url, token }: Place, body: string, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const sent = request(`${url}/api/mutation`, {
      method: "POST",
      // A connection of its own.
      agent: false,
      headers: {
        "content-type": "application/json",
        ...(token !== null && { authorization: `Bearer ${token}` }),
      },
      timeout: timeoutMs,
    });
    sent.once("timeout", () => sent.destroy(new Error("no answer in time")));
    sent.once("error", () => resolve(false));
    sent.once("response", (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      answer.once("end", () => resolve(text.includes('"status":"success"')));
      answer.once("error", () => resolve(false));
    });
    sent.end(body);
  });
}
