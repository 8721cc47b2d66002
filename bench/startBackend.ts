import { join } from "node:path";

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

/** Who issues the tokens that the backend accepts. */
export const ISSUER = "https://keys.bench.example";

export type Backend = {
  deployment: LocalDeployment;
  /** A service-account key. */
  apiKey: string;
  /** A token minted from it, for callers that know no keys; valid for an hour. */
  token: string;
};

/** A local deployment with this project's backend on it. */
export async function startBackend(): Promise<Backend> {
  const signingKey = await createSigningKey();
  const deployment = await startLocalDeployment({
    env: {
      KLIPSTREAM_JWT_ISSUER: ISSUER,
      KLIPSTREAM_JWT_JWKS: jwksDataUri([signingKey.publicJwk]),
    },
  });
  const { url, adminKey } = deployment;
  // Nothing may be written into the tree: other programs may be reading its generated code.
  const { exitCode, stderr } = await runConvexCli(
    ["deploy", "--typecheck", "disable", "--codegen", "disable"],
    { url, adminKey, cwd: join(import.meta.dirname, "..") },
  );
  if (exitCode !== 0) throw new Error(`the backend could not be deployed:\n${stderr}`);
  const apiKey = createServiceAccountKey({
    signingKey,
    subject: "bench",
    scope: "videos:read videos:write",
    generation: 1,
    issuer: ISSUER,
  });
  const account = parseServiceAccountKey(apiKey);
  const token = await mintToken(account, { now: Date.now(), lifetimeSeconds: 3600 });
  return { deployment, apiKey, token };
}
