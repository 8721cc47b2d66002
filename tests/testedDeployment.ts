/** The deployment that tests run against which need no more of one than its address and its key. */
import { ISSUER, pushBackend, startDeployment } from "@klipstream/bench/startBackend";
import {
  createSigningKey,
  exchangeKey,
  issueServiceAccountKey,
  type SigningKey,
  signingVariables,
} from "@klipstream/client/keys";
import { randomBytes } from "node:crypto";

/** The variables that name a deployment to test. Without them, each test file starts a local one. */
export const GIVEN_VARIABLES = {
  url: "KLIPSTREAM_TEST_URL",
  adminKey: "KLIPSTREAM_TEST_ADMIN_KEY",
} as const;

/** A deployment of somebody's, and the key of its operator. */
export type GivenDeployment = { url: string; adminKey: string };

export type TestedDeployment = GivenDeployment & {
  /** Stops a local deployment; one that was given stays up. */
  close(): Promise<void>;
};

export type TestedBackend = {
  deployment: TestedDeployment;
  /** The key of a service account of its own. */
  apiKey: string;
  /** A token for that key. */
  token: string;
};

/** The deployment that the environment names, or undefined. */
export function givenDeployment(): GivenDeployment | undefined {
  const url = process.env[GIVEN_VARIABLES.url];
  const adminKey = process.env[GIVEN_VARIABLES.adminKey];
  return url === undefined || adminKey === undefined ? undefined : { url, adminKey };
}

/**
 * Gives a deployment a signing key, and pushes `convex/` to it.
 *
 * @param options.given - Which; undefined starts a local one. Default: the one that the environment names.
 * @throws Error with what the deployment, or the CLI, said.
 */
export async function deployBackend(
  signingKey: SigningKey,
  { issuer = ISSUER, given = givenDeployment() }: { issuer?: string; given?: GivenDeployment } = {},
): Promise<TestedDeployment> {
  if (given === undefined) return await startDeployment(signingKey, { issuer });
  await setVariables(given, signingVariables(signingKey, issuer));
  await pushBackend(given);
  return { ...given, close: () => Promise.resolve() };
}

/** A deployment with the backend and a service account that nobody else uses. */
export async function startTestedBackend(given?: GivenDeployment): Promise<TestedBackend> {
  const options = given === undefined ? {} : { given };
  const deployment = await deployBackend(await createSigningKey(), options);
  const apiKey = await issueServiceAccountKey(deployment, {
    account: `test-${randomBytes(4).toString("hex")}`,
    scopes: ["videos:read", "videos:write"],
  });
  return { deployment, apiKey, token: await exchangeKey(deployment.url, apiKey) };
}

/**
 * Calls a function with the operator's own key: an internal one, too, or one of the system's.
 *
 * @param call.kind - What it is; `function` for any.
 * @throws Error with the deployment's answer.
 */
export async function callAsOperator<Value>(
  { url, adminKey }: GivenDeployment,
  { kind, path, args }: { kind: "query" | "mutation" | "function"; path: string; args: unknown },
): Promise<Value> {
  const response = await fetch(new URL(`/api/${kind}`, url), {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Convex ${adminKey}` },
    body: JSON.stringify({ path, args, format: "json" }),
  });
  const text = await response.text();
  const answer = JSON.parse(text) as { status?: string; value?: Value };
  if (answer.status === "success") return answer.value as Value;
  throw new Error(`${url} does not answer as a deployment does its operator: ${text}`);
}

/**
 * Sets variables of a deployment, or takes them away (null).
 *
 * @throws Error with the deployment's answer.
 */
export async function setVariables(
  { url, adminKey }: GivenDeployment,
  variables: Readonly<Record<string, string | null>>,
): Promise<void> {
  const changes = Object.entries(variables).map(([name, value]) => ({ name, value }));
  const response = await fetch(new URL("/api/update_environment_variables", url), {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Convex ${adminKey}` },
    body: JSON.stringify({ changes }),
  });
  if (!response.ok) throw new Error(`the variables could not be set: ${await response.text()}`);
}
