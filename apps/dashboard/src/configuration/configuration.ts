import { z } from "zod";

const webAddress = z.url({ protocol: /^https?$/, error: "must be an address with https or http" });

const configurationSchema = z.object({
  /** Where the Convex deployment is: `https://happy-otter-123.convex.cloud`. */
  deploymentUrl: webAddress,
});

/** What a host says to the built page: one build serves any deployment. */
export type Configuration = z.infer<typeof configurationSchema>;

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
  const parsed = configurationSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new ConfigurationError(
    `${ADDRESS} is wrong: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`,
  );
}
