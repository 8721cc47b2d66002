import type { Scope } from "@klipstream/contract";
import { z } from "zod";

import { createServiceAccountKey, hashServiceAccountKey } from "./serviceAccountKey.ts";

/** A deployment, and the operator's own key to it. */
export type AdministeredDeployment = { url: string; adminKey: string };

const answerSchema = z.union([
  z.object({ status: z.literal("success"), value: z.unknown() }),
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
  const authorization = `Convex ${deployment.adminKey}`;
  const run = (path: string, args: object) =>
    call(`${deployment.url}/api/function`, { path, args }, { authorization });
  await run("serviceAccounts:create", { account, scopes, by });
  await run("serviceKeys:create", { account, hash: hashServiceAccountKey(key), by });
  return key;
}

/**
 * Exchanges a key for a token of ten minutes, for callers that speak plain HTTP.
 *
 * @throws Error with the deployment's answer.
 */
export async function exchangeKey(url: string, key: string): Promise<string> {
  const value = await call(`${url}/api/action`, { path: "accessTokens:exchange", args: { key } });
  return z.object({ token: z.string() }).parse(value).token;
}

async function call(
  url: string,
  request: { path: string; args: object },
  headers: Record<string, string> = {},
): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ ...request, format: "json" }),
    redirect: "error",
  });
  const answer = answerSchema.safeParse(await response.json());
  if (!answer.success) throw new Error(`${request.path}: HTTP ${response.status}`);
  if (answer.data.status === "success") return answer.data.value;
  throw new Error(`${request.path}: ${answer.data.errorMessage}`);
}
