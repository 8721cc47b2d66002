import type { Scope } from "@klipstream/contract";
import { z } from "zod";

import { createServiceAccountKey, hashServiceAccountKey } from "./serviceAccountKey.ts";

/** A deployment, and the operator's own key to it. */
export type AdministeredDeployment = { url: string; adminKey: string };

const answerSchema = z.union([
  z.object({ status: z.literal("success") }),
  z.object({ status: z.literal("error"), errorMessage: z.string() }),
]);

/**
 * Makes a service account with a key, in one go: what a test, a demonstration or a script that sets a deployment up needs.
 * Operators use `klipstream account create` and `klipstream key create`.
 *
 * @returns The key; nobody else has it.
 * @throws Error with the deployment's answer.
 */
export async function issueServiceAccountKey(
  deployment: AdministeredDeployment,
  { account, scopes }: { account: string; scopes: readonly Scope[] },
): Promise<string> {
  const by = "set-up";
  const key = createServiceAccountKey(account);
  await run(deployment, "serviceAccounts:create", { account, scopes, by });
  const hash = hashServiceAccountKey(key);
  await run(deployment, "serviceKeys:create", { account, hash, by });
  return key;
}

async function run(
  { url, adminKey }: AdministeredDeployment,
  path: string,
  args: object,
): Promise<void> {
  const response = await fetch(`${url}/api/function`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Convex ${adminKey}` },
    body: JSON.stringify({ path, args, format: "json" }),
    redirect: "error",
  });
  const answer = answerSchema.safeParse(await response.json());
  if (answer.data?.status === "success") return;
  throw new Error(`${path}: ${answer.data?.errorMessage ?? `HTTP ${response.status}`}`);
}
