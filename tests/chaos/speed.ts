import { measureDrain, measureHeldCaller } from "@klipstream/bench/delivery";

import type { Finding } from "./finding.ts";

const HELD_MAX_MS = 5;
/** On a disk that is slower than that by itself, an accepted update may cost this many bare writes. */
const HELD_MAX_WRITES = 2;
const RATIO_LEAST = 10;
/** How far away a backend is that is not on the same machine. */
const NETWORK_MS = 20;

/** The promises that are about time, measured on this machine. */
export async function measureSpeed(pending: number): Promise<Finding[]> {
  const held = await measureHeldCaller();
  const { clientKnownP99Ms, bareWriteP99Ms } = held;
  const counts = { updates: pending, rawUpdates: Math.min(1000, pending) };
  const beside = await measureDrain({ ...counts, networkMs: 0 });
  const away = await measureDrain({ ...counts, networkMs: NETWORK_MS });
  const seedSeconds = (held.seedPerUpdateMs / 1000).toFixed(1);
  return [
    {
      promise: "the pipeline is not held up",
      how: `a backend that never answers; ${held.updates} updates; a bare fdatasync here: p99 ${bareWriteP99Ms.toFixed(1)} ms`,
      figure: `p99 ${clientKnownP99Ms.toFixed(1)} ms per update; the original ${seedSeconds} s`,
      kept: clientKnownP99Ms < HELD_MAX_MS || clientKnownP99Ms < HELD_MAX_WRITES * bareWriteP99Ms,
    },
    {
      promise: "recovery",
      how: `${pending} pending updates after healing, the backend ${NETWORK_MS} ms away (and beside)`,
      figure:
        `${away.ratio.toFixed(1)} times the raw client's ${Math.round(away.rawPerSecond)}/s ` +
        `(${beside.ratio.toFixed(1)} times ${Math.round(beside.rawPerSecond)}/s)`,
      kept: away.ratio >= RATIO_LEAST,
    },
  ];
}
