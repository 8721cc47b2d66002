import { expect, it } from "vitest";

import { killBackend } from "./backendKills.ts";
import { runChaos } from "./chaos.ts";

it(
  "every promise is kept in a short storm; a failure prints its seed",
  { timeout: 420_000 },
  async () => {
    const seed = Number(process.env.CHAOS_SEED ?? 1);
    const findings = await runChaos({
      kills: 12,
      updates: 200,
      relayKills: 10,
      seed,
      onProgress: () => undefined,
    });
    expect({ seed, short: findings.filter(({ kept }) => !kept) }).toEqual({ seed, short: [] });
  },
);

it(
  "a backend that is killed loses nothing and does nothing twice; a failure prints its seed",
  { timeout: 420_000 },
  async () => {
    const seed = Number(process.env.CHAOS_SEED ?? 1);
    const findings = await killBackend({ kills: 3, seed, onProgress: () => undefined });
    expect({ seed, short: findings.filter(({ kept }) => !kept) }).toEqual({ seed, short: [] });
  },
);
