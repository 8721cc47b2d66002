import { ConvexApiClient, ConvexIntegration, type TokenSource } from "@klipstream/client";

import type { CliContext } from "../context.ts";
import { ambientOf } from "./place.ts";

/** Direct calls, without the outbox. */
export type DirectBackend = { api: ConvexApiClient; integration: ConvexIntegration };

/**
 * Connects to the configured deployment.
 *
 * @param tokenSource - Instead of the configured credential.
 * @throws ConfigurationError
 */
export function connectBackend(context: CliContext, tokenSource?: TokenSource): DirectBackend {
  const api = new ConvexApiClient(
    { logLevel: "silent", ...(tokenSource === undefined ? {} : { tokenSource }) },
    ambientOf(context),
  );
  return { api, integration: new ConvexIntegration(api) };
}
