import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import {
  type LocalDeployment,
  runConvexCli,
  startLocalDeployment,
} from "@klipstream/local-deployment";

import { processContext } from "../context.ts";
import { createAdminClient, type Variables } from "../deployment/adminClient.ts";
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
  /** Makes a service account, where there is none of this name yet, and a key for it. */
  createKey: (account: string, scope?: string) => Promise<string>;
  /** Creates a video of its own, with further arguments of `klipstream create`, and returns its Twitch ID. */
  createVideo: (...args: string[]) => Promise<string>;
  /** What stdout holds after a command that printed JSON and exited 0. */
  runJson: (args: readonly string[]) => Promise<unknown>;
  /** The variables of the deployment. */
  variables: () => Promise<Variables>;
  /** Sets variables of the deployment. */
  setVariables: (variables: Record<string, string | null>) => Promise<void>;
  close: () => Promise<void>;
};

/**
 * Starts a deployment and sets it up as an operator would, with `signing-key init`, `account create` and `key create`.
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
  const deployment = await startLocalDeployment();
  environment["CONVEX_URL"] = deployment.url;
  environment["CONVEX_SELF_HOSTED_URL"] = deployment.url;
  environment["CONVEX_SELF_HOSTED_ADMIN_KEY"] = deployment.adminKey;
  expectDone(await run(["signing-key", "init"]));
  if (project !== null) await deploy(deployment, project);
  const asAdmin = () => createAdminClient({ ...processContext(), environment, folder });
  const accounts = new Set<string>();
  const createKey: Operator["createKey"] = async (account, scope = "videos:read videos:write") => {
    if (!accounts.has(account))
      expectDone(await run(["account", "create", account, "--scope", scope]));
    accounts.add(account);
    return expectDone(await run(["key", "create", account])).stdout.trim();
  };
  environment["CONVEX_API_KEY"] = await createKey("operator");
  return {
    deployment,
    folder,
    environment,
    run,
    createKey,
    createVideo: async (...args) => {
      const twitchId = newTwitchId();
      expectDone(await run(["create", twitchId, ...args]));
      return twitchId;
    },
    runJson: async (args) => JSON.parse(expectDone(await run(args)).stdout) as unknown,
    variables: () => asAdmin().variables(),
    setVariables: (variables) => asAdmin().setVariables(variables),
    close: async () => {
      await deployment.close();
      rmSync(folder, { recursive: true });
    },
  };
}

let lastTwitchId = 2_434_635_000;

/** A Twitch ID that no test of this file has yet. */
export function newTwitchId(): string {
  lastTwitchId += 1;
  return String(lastTwitchId);
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
