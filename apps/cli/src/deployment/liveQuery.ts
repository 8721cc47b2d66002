import { resolveConfiguration } from "@klipstream/client";
import { exchangeKey, isServiceAccountKey } from "@klipstream/client/keys";
import { isErrorData } from "@klipstream/contract";
import { ConvexClient } from "convex/browser";
import type { FunctionArgs, FunctionReference, FunctionReturnType } from "convex/server";
import { ConvexError } from "convex/values";

import { CliError, usageError } from "../command/cliError.ts";
import type { CliContext } from "../context.ts";
import { describeFailure } from "../command/describeFailure.ts";
import { EXIT_CODES } from "../command/exitCodes.ts";

/** A live connection to the deployment. */
export type LiveConnection = {
  /** Calls `onValue` with the query's value, now and whenever it changes. */
  follow: <Query extends FunctionReference<"query">>(
    query: Query,
    args: FunctionArgs<Query>,
    onValue: (value: FunctionReturnType<Query>) => void,
  ) => void;
};

/**
 * Follows queries over the WebSocket until an end signal (Ctrl-C).
 *
 * @param begin - Starts what is followed.
 * @throws CliError when the deployment refuses a query.
 */
export async function followLive(
  context: CliContext,
  begin: (connection: LiveConnection) => void,
): Promise<void> {
  const { url, apiKey } = resolveConfiguration(
    {},
    { env: { ...context.environment }, cwd: context.folder },
  );
  if (url.value === undefined) throw usageError("CONVEX_URL is not set", "see `klipstream doctor`");
  const client = new ConvexClient(url.value, {
    unsavedChangesWarning: false,
    skipConvexDeploymentUrlCheck: true,
    logger: false,
  });
  const address = url.value;
  const key = apiKey.value;
  try {
    await new Promise<void>((resolve, reject) => {
      const tokenOf = async (credential: string) => {
        if (!isServiceAccountKey(credential)) return credential;
        return await exchangeKey(address, credential, context.fetch).catch((error: unknown) => {
          reject(describeFailure(error));
          return null;
        });
      };
      if (key !== undefined) client.setAuth(() => tokenOf(key));
      const unsubscribe = context.onEndSignal(() => {
        unsubscribe();
        resolve();
      });
      begin({
        follow: (query, args, onValue) => {
          client.onUpdate(query, args, onValue, (error) => reject(describe(error)));
        },
      });
    });
  } finally {
    await client.close();
  }
}

function describe(error: Error): CliError {
  const data: unknown = error instanceof ConvexError ? error.data : null;
  if (!isErrorData(data))
    return new CliError(error.message, { remedy: "see `klipstream doctor`", cause: error });
  const exitCodes: Partial<Record<typeof data.code, (typeof EXIT_CODES)[keyof typeof EXIT_CODES]>> =
    {
      UNAUTHENTICATED: EXIT_CODES.CREDENTIALS_REFUSED,
      FORBIDDEN: EXIT_CODES.CREDENTIALS_REFUSED,
      VIDEO_NOT_FOUND: EXIT_CODES.NOT_FOUND,
    };
  return new CliError(data.message, {
    exitCode: exitCodes[data.code] ?? EXIT_CODES.FAILED,
    cause: error,
  });
}
