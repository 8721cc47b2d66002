import type { JSONWebKeySet } from "jose";
import { z } from "zod";

const JWKS_TYPES = /^application\/(json|jwk-set\+json)\b/;
const KEPT_MS = 60_000;
const FETCH_TIMEOUT_MS = 10_000;

const jwksSchema = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })) });
const discoverySchema = z.looseObject({ jwks_uri: z.string() });

/** The key set in a `data:` URI, base64 or percent-encoded; null if this is another kind of URI. */
export function parseDataUri(uri: string): JSONWebKeySet | null {
  const [, parameters = "", content] = /^data:([^,]*),(.*)$/s.exec(uri) ?? [];
  if (content === undefined) return null;
  const text = parameters.endsWith(";base64")
    ? Buffer.from(content, "base64").toString()
    : decodeURIComponent(content);
  return jwksSchema.parse(JSON.parse(text));
}

/** Gets a JSON document that a provider of tokens publishes. */
export async function fetchJson(url: string): Promise<unknown> {
  const response = await fetch(url, {
    headers: { accept: "application/json" },
    signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
  });
  const type = response.headers.get("content-type") ?? "";
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}`);
  if (!JWKS_TYPES.test(type)) throw new Error(`${url} is "${type}", not JSON`);
  return await response.json();
}

/** Key sets that providers publish, each kept for a minute. */
export class JwksCache {
  readonly #fetchJson: (url: string) => Promise<unknown>;
  readonly #kept = new Map<string, { keys: JSONWebKeySet; until: number }>();

  constructor(fetchJson: (url: string) => Promise<unknown>) {
    this.#fetchJson = fetchJson;
  }

  async get(url: string): Promise<JSONWebKeySet> {
    const kept = this.#kept.get(url);
    if (kept !== undefined && kept.until > Date.now()) return kept.keys;
    const keys = jwksSchema.parse(await this.#fetchJson(url));
    this.#kept.set(url, { keys, until: Date.now() + KEPT_MS });
    return keys;
  }

  /** The key set of an OIDC provider. */
  async discover(domain: string): Promise<JSONWebKeySet> {
    const base = (/^https?:\/\//.test(domain) ? domain : `https://${domain}`).replace(/\/+$/, "");
    const document = await this.#fetchJson(`${base}/.well-known/openid-configuration`);
    return await this.get(discoverySchema.parse(document).jwks_uri);
  }
}
