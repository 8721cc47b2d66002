import { setTimeout as pause } from "node:timers/promises";

import { BackendUnavailableError, CredentialsRefusedError } from "@klipstream/client";
import { z } from "zod";

import { CliError } from "../command/cliError.ts";
import type { CliContext } from "../context.ts";
import type { AdminClient } from "../deployment/adminClient.ts";
import { connectBackend } from "../deployment/connectBackend.ts";

/** The deployment checks a token before it runs any function, so a public query is enough. No video has this ID. */
const UNUSED_TWITCH_ID = "0";
const PAUSE_MS = 1000;

/**
 * Whether the deployment accepts a token that it signed with its next key. Nothing else proves that the key is published, and
 * that the deployment can sign with it.
 *
 * @param options.waitMs - For how long to ask again, in ms.
 * @throws CliError when it cannot be asked.
 */
export async function isTrialAccepted(
  admin: AdminClient,
  { context, waitMs }: { context: CliContext; waitMs: number },
): Promise<boolean> {
  const token = z
    .string()
    .nullable()
    .parse(await admin.run("signingKeys:signTrial", {}));
  if (token === null) return false;
  const { api } = connectBackend(context, {
    url: admin.url,
    tokenSource: () => Promise.resolve(token),
  });
  for (let waitedMs = 0; ; waitedMs += PAUSE_MS) {
    try {
      await api.getVideoByTwitchId({ twitchId: UNUSED_TWITCH_ID });
      return true;
    } catch (error) {
      if (error instanceof BackendUnavailableError)
        throw new CliError(
          `klipstream cannot find out whether the key is published: ${error.message}`,
          {
            remedy: "see `klipstream doctor`",
            cause: error,
          },
        );
      if (!(error instanceof CredentialsRefusedError)) throw error;
      if (waitedMs >= waitMs) return false;
    }
    await pause(PAUSE_MS);
  }
}
