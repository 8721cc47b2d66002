import { backend as functions } from "@klipstream/client";
import { ConvexHttpClient } from "convex/browser";

import type { Backend } from "../startBackend.ts";

const BATCH = 100;

/** A raw client with a token, straight to the deployment. */
export function directClient({ deployment, token }: Backend): ConvexHttpClient {
  return new ConvexHttpClient(deployment.url, { logger: false, auth: token });
}

/** So many Twitch IDs from this one on. */
export function twitchIdsFrom(first: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(first + index));
}

/** Creates videos, in batches. */
export async function createVideos(backend: Backend, twitchIds: readonly string[]): Promise<void> {
  const client = directClient(backend);
  for (let start = 0; start < twitchIds.length; start += BATCH) {
    const updates = twitchIds
      .slice(start, start + BATCH)
      .map((twitchId) => ({ twitchId, status: "Queued" as const }));
    await client.mutation(functions.video.recordUpdates, { updates, createMissing: true });
  }
}
