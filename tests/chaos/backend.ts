import {
  type Backend as DeployedBackend,
  startBackend as deploy,
} from "@klipstream/bench/startBackend";
import { ConvexIntegration } from "@klipstream/client";

export type Backend = DeployedBackend & {
  /** Reads and writes past the proxy: what it sees is the truth. */
  direct: ConvexIntegration;
};

/** A local deployment with our backend on it, a key for it, and a way to it that no fault touches. */
export async function startBackend(): Promise<Backend> {
  const backend = await deploy();
  const direct = new ConvexIntegration(
    { url: backend.deployment.url, apiKey: backend.apiKey, logLevel: "silent" },
    { place: { env: {}, cwd: "/nonexistent" } },
  );
  return { ...backend, direct };
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
