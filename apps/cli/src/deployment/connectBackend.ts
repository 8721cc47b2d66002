import { type ClientOptions, ConvexApiClient, ConvexIntegration } from "@klipstream/client";

import type { CliContext } from "../context.ts";
import { ambientOf } from "./configuration.ts";

/** Calls that go straight to the backend, without the outbox. */
export type DirectBackend = { api: ConvexApiClient; integration: ConvexIntegration };

/**
 * Connects to the configured deployment.
 *
 * @param instead - What to use instead of the configured values.
 * @throws ConfigurationError
 */
export function connectBackend(
  context: CliContext,
  instead: Pick<ClientOptions, "url" | "tokenSource"> = {},
): DirectBackend {
  const api = new ConvexApiClient({ logLevel: "silent", ...instead }, ambientOf(context));
  return { api, integration: new ConvexIntegration(api) };
}
