import { measureDrain, measureHeldCaller } from "@klipstream/bench/delivery";

import type { Finding } from "./finding.ts";

/** The promises that are about time, measured on this machine. */
export async function measureSpeed(pending: number): Promise<Finding[]> {
  const held = await measureHeldCaller();
  const drain = await measureDrain(pending);
  const seedSeconds = (held.seedPerUpdateMs / 1000).toFixed(1);
  return [
    {
      promise: "the pipeline is not held up",
      how: "a backend that never answers; 100 updates, the outage known after the first",
      figure: `p99 ${held.clientKnownP99Ms.toFixed(1)} ms per update; the original ${seedSeconds} s`,
      kept: held.clientKnownP99Ms < 5,
    },
    {
      promise: "recovery",
      how: `${drain.updates} pending updates after healing`,
      figure: `${Math.round(drain.clientPerSecond)}/s, ${drain.ratio.toFixed(1)} times the raw client's ${Math.round(drain.rawPerSecond)}/s`,
      kept: drain.ratio >= 10,
    },
  ];
}
