/** What a host says to the built page: one build serves any deployment. */
export type Configuration = {
  /** Where the Convex deployment is: `https://happy-otter-123.convex.cloud`. */
  deploymentUrl: string;
};

/** The page's configuration is missing, or is not what it must be. The message says which, and what to do. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
}

/** Beside the page, in whatever folder that is. */
const ADDRESS = "config.json";

/**
 * Reads `config.json`, which stands beside the page.
 *
 * @throws ConfigurationError where it is missing or wrong.
 */
export async function loadConfiguration(fetchFile: typeof fetch = fetch): Promise<Configuration> {
  const response = await fetchFile(ADDRESS, { cache: "no-store" }).catch((cause: unknown) => {
    throw new ConfigurationError(`${ADDRESS} could not be fetched from this page's host.`, {
      cause,
    });
  });
  if (!response.ok)
    throw new ConfigurationError(`${ADDRESS} is missing: the host answers ${response.status}.`);
  return readConfiguration(await response.text());
}

/** @throws ConfigurationError where the text is no configuration. */
export function readConfiguration(text: string): Configuration {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw new ConfigurationError(`${ADDRESS} is not JSON.`, { cause });
  }
  // By hand: a library that checks shapes is a tenth of what the first visit may load.
  const { deploymentUrl } = (content ?? {}) as { deploymentUrl?: unknown };
  if (typeof deploymentUrl !== "string" || !isWebAddress(deploymentUrl))
    throw new ConfigurationError(
      `${ADDRESS} is wrong: deploymentUrl must be an address with https or http.`,
    );
  return { deploymentUrl };
}

function isWebAddress(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}
