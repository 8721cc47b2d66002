import { exchangeKey, isServiceAccountKey } from "@klipstream/client/keys";
import { type ErrorCode, isErrorData } from "@klipstream/contract";
import { ConvexClient } from "convex/browser";
import type { FunctionArgs, FunctionReference, FunctionReturnType } from "convex/server";
import { ConvexError } from "convex/values";

import { CliError } from "../command/cliError.ts";
import { describeFailure } from "../command/describeFailure.ts";
import { EXIT_CODES, type ExitCode } from "../command/exitCodes.ts";
import type { CliContext } from "../context.ts";
import { configurationOf, requireUrl } from "./configuration.ts";

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
 * @param begin - Starts the queries to follow.
 * @throws CliError when the deployment refuses a query.
 */
export async function followLive(
  context: CliContext,
  begin: (connection: LiveConnection) => void,
): Promise<void> {
  const url = requireUrl(context);
  const key = configurationOf(context).apiKey.value;
  const client = new ConvexClient(url, {
    unsavedChangesWarning: false,
    skipConvexDeploymentUrlCheck: true,
    logger: false,
  });
  try {
    await new Promise<void>((resolve, reject) => {
      const tokenOf = async (credential: string) => {
        if (!isServiceAccountKey(credential)) return credential;
        return await exchangeKey(url, credential, context.fetch).catch((error: unknown) => {
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

const REFUSED: Partial<Record<ErrorCode, ExitCode>> = {
  UNAUTHENTICATED: EXIT_CODES.CREDENTIALS_REFUSED,
  FORBIDDEN: EXIT_CODES.CREDENTIALS_REFUSED,
  VIDEO_NOT_FOUND: EXIT_CODES.NOT_FOUND,
};

function describe(error: Error): CliError {
  const data: unknown = error instanceof ConvexError ? error.data : null;
  if (!isErrorData(data))
    return new CliError(error.message, { remedy: "see `klipstream doctor`", cause: error });
  return new CliError(data.message, { exitCode: REFUSED[data.code], cause: error });
}
