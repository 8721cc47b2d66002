import {
  createSigningKey,
  issueServiceAccountKey,
  signingVariables,
} from "@klipstream/client/keys";
import { runConvexCli, startLocalDeployment } from "@klipstream/local-deployment";
import { fileURLToPath } from "node:url";

const PROJECT = fileURLToPath(new URL("../../../../", import.meta.url));
const ISSUER = "https://demo.klipstream.invalid";

/** The service account that the demo's pipelines report as. */
export const PIPELINE_ACCOUNT = "demo-pipeline";
/** The service account that creates the videos and reads everything back. */
const READER_ACCOUNT = "demo-reader";
/** The service account that looks at the dashboard. */
const VIEWER_ACCOUNT = "demo-viewer";

/** The keys of a demo's deployment. */
export type DemoKeys = {
  /** For `CONVEX_API_KEY` of the pipelines. */
  pipelineKey: string;
  /** Of an account that may create and read videos. */
  readerKey: string;
  /** Of an account that may only read them, for the dashboard's address. */
  viewerKey: string;
};

/** A deployment, and the key of its operator. */
export type AdministeredDeployment = { url: string; adminKey: string };

/** A deployment that the demo runs on; `close` stops it where the demo has started it. */
export type DemoDeployment = AdministeredDeployment & { close(): Promise<void> };

/**
 * Starts a local deployment.
 *
 * @param dataFolder - Where its data is kept; null: in memory only.
 * @param earlier - How it was reached before, if the folder holds one; null: it gets a signing key of its own.
 */
export async function startDemoBackend(
  dataFolder: string | null,
  earlier: { port: number; adminKey: string } | null,
): Promise<DemoDeployment> {
  return await startLocalDeployment({
    ...(dataFolder !== null && { dataFolder }),
    ...(earlier ?? { env: signingVariables(await createSigningKey(), ISSUER) }),
  });
}

/**
 * Gives a deployment that is up already a signing key for the demo.
 *
 * @throws Error with what the `convex` CLI printed where it fails.
 */
export async function prepareGivenBackend(given: AdministeredDeployment): Promise<DemoDeployment> {
  const variables = Object.entries(signingVariables(await createSigningKey(), ISSUER));
  // Through its standard input, where no list of processes shows a secret. No value holds a quote of this kind.
  const input = variables.map(([name, value]) => `${name}='${value}'\n`).join("");
  const args = ["env", "set", "--force"];
  const { exitCode, stderr } = await runConvexCli(args, { ...given, cwd: PROJECT, input });
  if (exitCode !== 0) throw new Error(`convex env set failed:\n${stderr}`);
  return { ...given, close: () => Promise.resolve() };
}

/**
 * Pushes `convex/` with the `convex` CLI. It neither checks types nor writes generated code:
 * `pnpm check` does.
 *
 * @throws Error with what the CLI printed where it fails.
 */
export async function deployBackend(
  deployment: AdministeredDeployment,
  signal: AbortSignal,
): Promise<void> {
  const { exitCode, stdout, stderr } = await runConvexCli(
    ["deploy", "--typecheck", "disable", "--codegen", "disable"],
    { url: deployment.url, adminKey: deployment.adminKey, cwd: PROJECT, signal },
  );
  signal.throwIfAborted();
  if (exitCode !== 0) throw new Error(`convex deploy failed:\n${stdout}${stderr}`);
}

/** Makes the accounts that work with a deployment, and their keys. */
export async function makeAccounts(deployment: AdministeredDeployment): Promise<DemoKeys> {
  return {
    pipelineKey: await issueServiceAccountKey(deployment, {
      account: PIPELINE_ACCOUNT,
      scopes: ["videos:write"],
    }),
    readerKey: await issueServiceAccountKey(deployment, {
      account: READER_ACCOUNT,
      scopes: ["videos:read", "videos:write"],
    }),
    viewerKey: await issueServiceAccountKey(deployment, {
      account: VIEWER_ACCOUNT,
      scopes: ["videos:read"],
    }),
  };
}
