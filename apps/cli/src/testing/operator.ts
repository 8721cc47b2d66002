import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import {
  type LocalDeployment,
  runConvexCli,
  startLocalDeployment,
} from "@klipstream/local-deployment";

import { processContext } from "../context.ts";
import { DEFAULT_KEYRING_PATH, jwksOf, readKeyring } from "../keys/keyring.ts";
import { captureCli, type Captured } from "./captureCli.ts";

export const PROJECT = resolve(import.meta.dirname, "../../../..");

/** An operator's machine for tests: a folder, an environment, and a deployment with the backend. */
export type Operator = {
  deployment: LocalDeployment;
  folder: string;
  /** With the key of the service account `operator`. */
  environment: Record<string, string>;
  /** Runs `klipstream` there. */
  run: (args: readonly string[], replaced?: Parameters<typeof captureCli>[1]) => Promise<Captured>;
  /** Makes a service account's key. */
  createKey: (subject: string, ...options: readonly string[]) => Promise<string>;
  /** What stdout holds after a command that printed JSON and exited 0. */
  runJson: (args: readonly string[]) => Promise<unknown>;
  close: () => Promise<void>;
};

/**
 * Starts a deployment and sets it up as an operator would, with `token init` and `token create-key`.
 *
 * @param project - The folder that is deployed; null deploys nothing.
 */
export async function startOperator(project: string | null = PROJECT): Promise<Operator> {
  const folder = mkdtempSync(join(tmpdir(), "klipstream-cli-"));
  const environment: Record<string, string> = {
    PATH: processContext().environment["PATH"] ?? "",
    CONVEX_OUTBOX_PATH: join(folder, "outbox", "outbox.db"),
  };
  const run: Operator["run"] = (args, replaced) =>
    captureCli(args, { folder, environment, ...replaced });
  expectDone(await run(["token", "init"]));
  const keyring = await readKeyring(DEFAULT_KEYRING_PATH, { ...processContext(), folder });
  const deployment = await startLocalDeployment({
    env: { KLIPSTREAM_JWT_ISSUER: keyring.issuer, KLIPSTREAM_JWT_JWKS: jwksOf(keyring.keys) },
  });
  environment["CONVEX_URL"] = deployment.url;
  environment["CONVEX_SELF_HOSTED_URL"] = deployment.url;
  environment["CONVEX_SELF_HOSTED_ADMIN_KEY"] = deployment.adminKey;
  if (project !== null) await deploy(deployment, project);
  const createKey: Operator["createKey"] = async (subject, ...options) =>
    expectDone(await run(["token", "create-key", subject, ...options])).stdout.trim();
  environment["CONVEX_API_KEY"] = await createKey("operator");
  return {
    deployment,
    folder,
    environment,
    run,
    createKey,
    runJson: async (args) => JSON.parse(expectDone(await run(args)).stdout) as unknown,
    close: async () => {
      await deployment.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Pushes a project with the real CLI. */
export async function deploy(deployment: LocalDeployment, project: string): Promise<void> {
  const { exitCode, stderr } = await runConvexCli(
    ["deploy", "--typecheck", "disable", "--codegen", "disable"],
    { url: deployment.url, adminKey: deployment.adminKey, cwd: project },
  );
  if (exitCode !== 0) throw new Error(`convex deploy failed: ${stderr}`);
}

/** @throws when the command did not exit 0. */
export function expectDone(captured: Captured): Captured {
  if (captured.exitCode === 0) return captured;
  throw new Error(`exit ${captured.exitCode}: ${captured.stderr}${captured.stdout}`);
}

export function readText(path: string): string {
  return readFileSync(path, "utf8");
}
