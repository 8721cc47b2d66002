import { ConvexIntegration } from "@klipstream/client";
import { exchangeKey } from "@klipstream/client/keys";

import {
  type GivenDeployment,
  startTestedBackend,
  type TestedBackend,
} from "../testedDeployment.ts";

export type Backend = TestedBackend & {
  /** Reads and writes past the proxy: what it sees is the truth. */
  direct: ConvexIntegration;
};

/**
 * A deployment with our backend on it, a key for it, and a way to it that no fault touches.
 *
 * @param given - Which; undefined starts a local one.
 */
export async function startBackend(given?: GivenDeployment): Promise<Backend> {
  const backend = await startTestedBackend(given);
  const direct = new ConvexIntegration(
    { url: backend.deployment.url, apiKey: backend.apiKey, logLevel: "silent" },
    { place: { env: {}, cwd: "/nonexistent" } },
  );
  return { ...backend, direct };
}

/** The share of lives that are given a token: to exchange a key takes longer than most lives, and then no kill would meet a delivery. */
export const READY_TOKEN_LIVES = 0.7;

/** Of the ten minutes of a token. */
const TOKEN_USED_MS = 300_000;

/** Returns what gives a token that is good for five minutes more. */
export function readyTokens({ deployment, apiKey }: Backend): () => Promise<string> {
  let token: Promise<string> | undefined;
  let endsAt = 0;
  return () => {
    if (token === undefined || performance.now() > endsAt) {
      endsAt = performance.now() + TOKEN_USED_MS;
      token = exchangeKey(deployment.url, apiKey);
    }
    return token;
  };
}

export type VideoEvent = Awaited<ReturnType<ConvexIntegration["history"]>>["page"][number];

/** All events of a video, oldest first. */
export async function readEvents(
  direct: ConvexIntegration,
  twitchId: string,
): Promise<VideoEvent[]> {
  const events: VideoEvent[] = [];
  let cursor: string | undefined;
  for (;;) {
    const page = await direct.history(twitchId, { pageSize: 200, ...(cursor && { cursor }) });
    events.push(...page.page);
    if (page.isDone) return events.reverse();
    cursor = page.continueCursor;
  }
}
