import { join } from "node:path";

import { ConvexManager, type ManagerOptions } from "@klipstream/client";
import type { ManagerAmbient } from "@klipstream/client/internals";

import type { Backend } from "./backend.ts";
import { type FaultProxy, STORM } from "./FaultProxy.ts";
import type { Random } from "./random.ts";

/** What every part of a chaos run is given. */
export type Setting = {
  backend: Backend;
  proxy: FaultProxy;
  proxyUrl: string;
  script: string;
  folder: string;
  seed: number;
  onLog: (line: string) => void;
};

/** The storm for processes that live longer: two expired tokens in a row rightly pause delivery for 30 s. */
export const LONG_STORM = { ...STORM, expiredToken: 0 };

/** A machine: a manager on an outbox of its own, and perhaps with a clock of its own. */
export function createMachine(
  { proxyUrl, backend, folder }: Setting,
  outbox: string,
  { ambient = {}, options = {} }: { ambient?: ManagerAmbient; options?: ManagerOptions } = {},
): ConvexManager {
  return new ConvexManager(
    {
      url: proxyUrl,
      ...(options.tokenSource === undefined && { apiKey: backend.apiKey }),
      outboxPath: join(folder, outbox),
      logLevel: "silent",
      attemptTimeoutMs: 600,
      retry: { baseDelayMs: 5, maxDelayMs: 60 },
      waitMs: 0,
      ...options,
    },
    { place: { env: {}, cwd: folder }, ...ambient },
  );
}

const YEAR_MS = 365 * 86_400_000;

/** A wall clock that is wrong by up to a year, drifts, and jumps back now and then; and an uptime of its own. */
export function wrongClock(random: Random, name: string): NonNullable<ManagerAmbient["clock"]> {
  let offset = random.between(-YEAR_MS, YEAR_MS);
  const drift = 1 + random.between(-100, 100) / 1e6;
  const bootedAt = performance.now() - random.between(0, YEAR_MS);
  return {
    now: () => {
      if (random.chance(0.02)) offset -= random.between(0, 3_600_000);
      return Math.max(1, Math.round(Date.now() * drift + offset));
    },
    monotonic: () => performance.now() - bootedAt,
    origin: name,
    after: (delayMs, callback) => {
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
  };
}

/** Twitch IDs that no other part uses; the videos are there. */
export async function createVideos(
  { backend }: Setting,
  first: number,
  count: number,
): Promise<string[]> {
  const twitchIds = Array.from({ length: count }, (_, video) => String(first + video));
  for (const twitchId of twitchIds) await backend.direct.createVideo(twitchId);
  return twitchIds;
}
