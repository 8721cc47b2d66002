import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { isErrorData } from "@klipstream/contract";
import { parse as parseDotenv } from "dotenv";
import { z } from "zod";

import { CliError, usageError } from "../command/cliError.ts";
import { EXIT_CODES } from "../command/exitCodes.ts";
import type { CliContext } from "../context.ts";
import { functionAnswerSchema, parseJson } from "./answers.ts";
import { requireUrl } from "./configuration.ts";

/** Calls the deployment's internal and system functions with the operator's own admin or deploy key. */
export type AdminClient = {
  url: string;
  /** Runs an internal function. @throws CliError when the deployment refuses or cannot be reached. */
  run: (path: string, args: Record<string, unknown>) => Promise<unknown>;
  /** Asks a system query, as `npx convex data` does. @throws CliError likewise. */
  query: (path: string, args: Record<string, unknown>) => Promise<unknown>;
  /** The deployment's variables, secrets among them. @throws CliError likewise. */
  variables: () => Promise<Variables>;
  /** Sets variables, or removes them (null). All changes are made, or none. @throws CliError likewise. */
  setVariables: (changes: Record<string, string | null>) => Promise<void>;
};

/** The variables of a deployment. */
export type Variables = Readonly<Record<string, string>>;

const FILES = [".env.local", ".env"];
const TIMEOUT_MS = 15_000;

const refusalSchema = z.object({ message: z.string() });
const variablesSchema = z.object({ environmentVariables: z.record(z.string(), z.string()) });

/**
 * Finds the key where `npx convex` finds it: `CONVEX_SELF_HOSTED_ADMIN_KEY` (with `CONVEX_SELF_HOSTED_URL`), else
 * `CONVEX_DEPLOY_KEY`, in the environment, `.env.local` or `.env`. It calls as `npx convex run` does.
 *
 * @throws CliError when there is no key or no URL.
 */
export function createAdminClient(context: CliContext): AdminClient {
  const find = variableFinder(context);
  const selfHosted = find("CONVEX_SELF_HOSTED_ADMIN_KEY");
  const key = selfHosted ?? find("CONVEX_DEPLOY_KEY");
  if (key === undefined)
    throw usageError(
      "this command needs the operator's own key",
      "set CONVEX_SELF_HOSTED_URL and CONVEX_SELF_HOSTED_ADMIN_KEY (self-hosted), or CONVEX_DEPLOY_KEY (Convex Cloud)",
    );
  const url =
    (selfHosted === undefined ? undefined : find("CONVEX_SELF_HOSTED_URL")) ??
    requireUrl(context, "set it to the deployment's address");
  const deployment = { context, url, key };
  const through = (route: string) => (path: string, args: Record<string, unknown>) =>
    call(deployment, route, { path, args });
  return {
    url,
    run: through("/api/function"),
    query: through("/api/query"),
    variables: async () => {
      const { text, status } = await request(deployment, "/api/v1/list_environment_variables");
      const answer = variablesSchema.safeParse(parseJson(text));
      if (answer.success) return answer.data.environmentVariables;
      throw foreignAnswer(url, status);
    },
    setVariables: async (variables) => {
      const changes = Object.entries(variables).map(([name, value]) => ({ name, value }));
      const route = "/api/v1/update_environment_variables";
      const { text, status } = await request(deployment, route, { changes });
      if (status === 200) return;
      const { message } = refusalSchema.safeParse(parseJson(text)).data ?? {};
      throw new CliError(`the variables could not be set: ${message ?? `HTTP ${status}`}`);
    },
  };
}

function variableFinder({ environment, folder }: CliContext) {
  const layers = [
    environment,
    ...FILES.map((file) => join(folder, file))
      .filter((file) => existsSync(file))
      .map((file) => parseDotenv(readFileSync(file))),
  ];
  return (name: string): string | undefined =>
    layers.map((layer) => layer[name]?.trim()).find((value) => value !== undefined && value !== "");
}

type Deployment = { context: CliContext; url: string; key: string };

/** One request with the operator's key: POST where it has a body, else GET. */
async function request(
  { context, url, key }: Deployment,
  route: string,
  body?: object,
): Promise<{ status: number; text: string }> {
  let answer: { status: number; text: string };
  try {
    const response = await context.fetch(new URL(route, url), {
      method: body === undefined ? "GET" : "POST",
      headers: { "Content-Type": "application/json", Authorization: `Convex ${key}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    answer = { status: response.status, text: await response.text() };
  } catch (error) {
    throw new CliError(`the deployment at ${url} cannot be reached`, {
      remedy: "see `klipstream doctor`",
      cause: error,
    });
  }
  if (answer.status === 401 || answer.status === 403)
    throw new CliError("the deployment refuses the operator's key", {
      exitCode: EXIT_CODES.CREDENTIALS_REFUSED,
      remedy: "check that the admin or deploy key belongs to this deployment",
    });
  return answer;
}

async function call(
  deployment: Deployment,
  route: string,
  { path, args }: { path: string; args: Record<string, unknown> },
): Promise<unknown> {
  const { status, text } = await request(deployment, route, { path, args, format: "json" });
  const answer = functionAnswerSchema.safeParse(parseJson(text));
  if (!answer.success) throw foreignAnswer(deployment.url, status);
  if (answer.data.status === "success") return answer.data.value;
  const { errorData, errorMessage } = answer.data;
  if (isErrorData(errorData)) throw usageError(errorData.message);
  throw new CliError(`${path} failed: ${errorMessage.split("\n")[0] ?? ""}`, {
    remedy: "deploy the backend of this version: npx convex deploy",
  });
}

function foreignAnswer(url: string, status: number): CliError {
  return new CliError(
    `${url} answered HTTP ${status}, which is not how a Convex deployment answers`,
    {
      remedy: "see `klipstream doctor`",
    },
  );
}
