import { type ClientOptions, ConvexApiClient, ConvexIntegration } from "@klipstream/client";

import type { CliContext } from "../context.ts";
import { ambientOf } from "./configuration.ts";

/** Direct calls, without the outbox. */
export type DirectBackend = { api: ConvexApiClient; integration: ConvexIntegration };

/**
 * Connects to the configured deployment.
 *
 * @param instead - Of what is configured.
 * @throws ConfigurationError
 */
export function connectBackend(
  context: CliContext,
  instead: Pick<ClientOptions, "url" | "tokenSource"> = {},
): DirectBackend {
  const api = new ConvexApiClient({ logLevel: "silent", ...instead }, ambientOf(context));
  return { api, integration: new ConvexIntegration(api) };
}
