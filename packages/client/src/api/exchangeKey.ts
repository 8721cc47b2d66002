import { ConvexApiClient } from "./ConvexApiClient.ts";

/**
 * Exchanges a service-account key for a token of ten minutes, for callers that speak plain HTTP or the WebSocket.
 *
 * @param url - The deployment's address.
 * @throws ConfigurationError for a text that is no key; CredentialsRefusedError for one that the deployment does not accept;
 *   BackendUnavailableError while it is away.
 */
export async function exchangeKey(
  url: string,
  key: string,
  fetch: typeof globalThis.fetch = globalThis.fetch,
): Promise<string> {
  const api = new ConvexApiClient(
    { url, apiKey: key, logLevel: "silent" },
    { fetch, place: { env: {}, cwd: "/nonexistent" } },
  );
  const { token } = await api.connection.credentials.issue();
  return token ?? "";
}
