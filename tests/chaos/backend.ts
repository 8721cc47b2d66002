import { join } from "node:path";

import { ConvexIntegration } from "@klipstream/client";
import {
  createServiceAccountKey,
  createSigningKey,
  jwksDataUri,
  mintToken,
  parseServiceAccountKey,
} from "@klipstream/client/keys";
import {
  type LocalDeployment,
  runConvexCli,
  startLocalDeployment,
} from "@klipstream/local-deployment";

const ISSUER = "https://keys.chaos.example";

export type Backend = {
  deployment: LocalDeployment;
  apiKey: string;
  /** A token of the same account, valid for an hour. */
  token: string;
  /** Reads and writes past the proxy: what it sees is the truth. */
  direct: ConvexIntegration;
};

/** A local deployment with our backend on it, and a key for it. */
export async function startBackend(): Promise<Backend> {
  const signingKey = await createSigningKey();
  const deployment = await startLocalDeployment({
    env: {
      KLIPSTREAM_JWT_ISSUER: ISSUER,
      KLIPSTREAM_JWT_JWKS: jwksDataUri([signingKey.publicJwk]),
    },
  });
  const { exitCode, stderr } = await runConvexCli(["deploy", "--typecheck", "disable"], {
    url: deployment.url,
    adminKey: deployment.adminKey,
    cwd: join(import.meta.dirname, "../.."),
  });
  if (exitCode !== 0) throw new Error(`the backend could not be deployed:\n${stderr}`);
  const apiKey = createServiceAccountKey({
    signingKey,
    subject: "chaos",
    scope: "videos:read videos:write",
    generation: 1,
    issuer: ISSUER,
  });
  const direct = new ConvexIntegration(
    { url: deployment.url, apiKey, logLevel: "silent" },
    { place: { env: {}, cwd: "/nonexistent" } },
  );
  const account = parseServiceAccountKey(apiKey);
  const token = await mintToken(account, { now: Date.now(), lifetimeSeconds: 3600 });
  return { deployment, apiKey, token, direct };
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
