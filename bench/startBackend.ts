import { join } from "node:path";

import {
  createSigningKey,
  exchangeKey,
  issueServiceAccountKey,
  type SigningKey,
  signingVariables,
} from "@klipstream/client/keys";
import {
  type LocalDeployment,
  runConvexCli,
  startLocalDeployment,
} from "@klipstream/local-deployment";

/** Who issues the tokens that the backend accepts. */
export const ISSUER = "https://keys.bench.example";

const PROJECT = join(import.meta.dirname, "..");

export type Backend = {
  deployment: LocalDeployment;
  /** A service-account key. */
  apiKey: string;
  /** A token that it was exchanged for, for callers that know no keys; valid for ten minutes. */
  token: string;
};

/**
 * A local deployment with a backend on it.
 *
 * @param signingKey - What it signs its tokens with.
 * @param options.project - The folder whose `convex/` is pushed. Default: this project's.
 * @throws Error with what the CLI printed where the push fails.
 */
export async function startDeployment(
  signingKey: SigningKey,
  { issuer = ISSUER, project = PROJECT }: { issuer?: string; project?: string } = {},
): Promise<LocalDeployment> {
  const deployment = await startLocalDeployment({ env: signingVariables(signingKey, issuer) });
  await pushBackend(deployment, project);
  return deployment;
}

/**
 * Pushes `convex/` to a deployment with the real CLI.
 *
 * @param project - The folder that it is in. Default: this project's.
 * @throws Error with what the CLI printed.
 */
export async function pushBackend(
  { url, adminKey }: { url: string; adminKey: string },
  project = PROJECT,
): Promise<void> {
  // Nothing may be written into the tree: other programs may be reading its generated code.
  const args = ["deploy", "--typecheck", "disable", "--codegen", "disable"];
  const { exitCode, stderr } = await runConvexCli(args, { url, adminKey, cwd: project });
  if (exitCode !== 0) throw new Error(`the backend could not be deployed:\n${stderr}`);
}

/**
 * A local deployment with this project's backend on it, and a service account of its own.
 *
 * @param options.project - As for {@link startDeployment}.
 */
export async function startBackend(options: { project?: string } = {}): Promise<Backend> {
  const deployment = await startDeployment(await createSigningKey(), options);
  const apiKey = await issueServiceAccountKey(deployment, {
    account: "bench",
    scopes: ["videos:read", "videos:write"],
  });
  return { deployment, apiKey, token: await exchangeKey(deployment.url, apiKey) };
}
