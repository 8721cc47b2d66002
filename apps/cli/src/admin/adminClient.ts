import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { resolveConfiguration } from "@klipstream/client";
import { parse as parseDotenv } from "dotenv";
import { z } from "zod";

import { CliError, usageError } from "../cliError.ts";
import type { CliContext } from "../context.ts";
import { EXIT_CODES } from "../exitCodes.ts";

/** Calls the deployment's internal and system functions with the operator's own admin or deploy key. */
export type AdminClient = {
  url: string;
  /** Runs an internal function. @throws CliError when the deployment refuses or cannot be reached. */
  run: (path: string, args: Record<string, unknown>) => Promise<unknown>;
  /** Asks a system query, as `npx convex data` does. @throws CliError likewise. */
  query: (path: string, args: Record<string, unknown>) => Promise<unknown>;
};

const FILES = [".env.local", ".env"];
const TIMEOUT_MS = 15_000;

const answerSchema = z.union([
  z.object({ status: z.literal("success"), value: z.unknown() }),
  z.object({ status: z.literal("error"), errorMessage: z.string() }),
]);

/**
 * Takes the key from where `npx convex` takes it: `CONVEX_SELF_HOSTED_ADMIN_KEY` (with `CONVEX_SELF_HOSTED_URL`), else
 * `CONVEX_DEPLOY_KEY`, in the environment, `.env.local` or `.env`. The call is the one that `npx convex run` makes.
 *
 * @throws CliError when there is no key or no URL.
 */
export function createAdminClient(context: CliContext): AdminClient {
  const find = variableFinder(context);
  const selfHosted = find("CONVEX_SELF_HOSTED_ADMIN_KEY");
  const key = selfHosted ?? find("CONVEX_DEPLOY_KEY");
  if (key === undefined)
    throw usageError(
      "this needs the operator's own key",
      "set CONVEX_SELF_HOSTED_URL and CONVEX_SELF_HOSTED_ADMIN_KEY (self-hosted), or CONVEX_DEPLOY_KEY (Convex Cloud)",
    );
  const configured = () =>
    resolveConfiguration({}, { env: { ...context.environment }, cwd: context.folder }).url.value;
  const url =
    (selfHosted === undefined ? undefined : find("CONVEX_SELF_HOSTED_URL")) ?? configured();
  if (url === undefined)
    throw usageError("CONVEX_URL is not set", "set it to the deployment's address");
  const through = (route: string) => (path: string, args: Record<string, unknown>) =>
    call({ context, url, key, route }, path, args);
  return { url, run: through("/api/function"), query: through("/api/query") };
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

async function call(
  { context, url, key, route }: { context: CliContext; url: string; key: string; route: string },
  path: string,
  args: Record<string, unknown>,
): Promise<unknown> {
  let response: Response;
  let text: string;
  try {
    response = await context.fetch(new URL(route, url), {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Convex ${key}` },
      body: JSON.stringify({ path, args, format: "json" }),
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    text = await response.text();
  } catch (error) {
    throw new CliError(`the deployment at ${url} cannot be reached`, {
      remedy: "see `klipstream doctor`",
      cause: error,
    });
  }
  if (response.status === 401 || response.status === 403)
    throw new CliError("the deployment refuses the operator's key", {
      exitCode: EXIT_CODES.CREDENTIALS_REFUSED,
      remedy: "check that the admin or deploy key belongs to this deployment",
    });
  const answer = answerSchema.safeParse(parseJson(text));
  if (!answer.success)
    throw new CliError(`${url} answered HTTP ${response.status}, not as a Convex deployment does`, {
      remedy: "see `klipstream doctor`",
    });
  if (answer.data.status === "success") return answer.data.value;
  throw new CliError(`${path} failed: ${answer.data.errorMessage.split("\n")[0] ?? ""}`, {
    remedy: "deploy the backend of this version: npx convex deploy",
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON is an answer too: not a deployment's.
    return undefined;
  }
}
