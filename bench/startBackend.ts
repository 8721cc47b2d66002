import { join } from "node:path";

import {
  createSigningKey,
  exchangeKey,
  issueServiceAccountKey,
  signingVariables,
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
  /** A token that it was exchanged for, for callers that know no keys; valid for ten minutes. */
  token: string;
};

/** A local deployment with this project's backend on it. */
export async function startBackend(): Promise<Backend> {
  const deployment = await startLocalDeployment({
    env: signingVariables(await createSigningKey(), ISSUER),
  });
  const { url, adminKey } = deployment;
  // Nothing may be written into the tree: other programs may be reading its generated code.
  const { exitCode, stderr } = await runConvexCli(
    ["deploy", "--typecheck", "disable", "--codegen", "disable"],
    { url, adminKey, cwd: join(import.meta.dirname, "..") },
  );
  if (exitCode !== 0) throw new Error(`the backend could not be deployed:\n${stderr}`);
  const apiKey = await issueServiceAccountKey(deployment, {
    account: "bench",
    scopes: ["videos:read", "videos:write"],
  });
  return { deployment, apiKey, token: await exchangeKey(url, apiKey) };
}
