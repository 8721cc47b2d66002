import { z } from "zod";

import { ConfigurationError } from "../errors.ts";
import type { TokenSource } from "./tokenSource.ts";

/** The `KLIPSTREAM_OIDC_AUDIENCE` that is supposed where none is named. */
export const IDENTITY_AUDIENCE = "klipstream";

const TIMEOUT_MS = 5000;

/**
 * A source of a workload's identity tokens (OIDC), which the platform gives it without a secret. The client exchanges them at
 * the deployment for its own tokens.
 */
export type WorkloadIdentity = TokenSource & { readonly isWorkloadIdentity: true };

/** What the sources below can be told. */
export type WorkloadIdentityOptions = {
  /**
   * The deployment's `KLIPSTREAM_OIDC_AUDIENCE`.
   *
   * @default "klipstream"
   */
  audience?: string;
  /** @default process.env */
  environment?: Record<string, string | undefined>;
};

/** Makes a source of identity tokens out of a function, for a platform that has none below. */
export function workloadIdentity(identityToken: () => Promise<string>): WorkloadIdentity {
  return Object.assign(() => identityToken(), { isWorkloadIdentity: true as const });
}

/**
 * The identity of a workload on Cloud Run, GKE or Compute Engine, from Google's metadata server. Its subject is the service
 * account's numeric ID.
 *
 * @param options.environment - `GCE_METADATA_HOST` names another host than `metadata.google.internal`.
 */
export function googleIdentity(options: WorkloadIdentityOptions = {}): WorkloadIdentity {
  const { audience = IDENTITY_AUDIENCE, environment = process.env } = options;
  const host = environment["GCE_METADATA_HOST"] ?? "metadata.google.internal";
  const path = "/computeMetadata/v1/instance/service-accounts/default/identity";
  const url = `http://${host}${path}?audience=${encodeURIComponent(audience)}`;
  return workloadIdentity(async () =>
    (await ask(url, { "Metadata-Flavor": "Google" }, "Google's metadata server")).trim(),
  );
}

/**
 * The identity of a job of GitHub Actions. Its subject names the repository and what the job runs for.
 *
 * @throws ConfigurationError where the job may not have one: it needs `permissions: id-token: write`.
 */
export function githubActions(options: WorkloadIdentityOptions = {}): WorkloadIdentity {
  const { audience = IDENTITY_AUDIENCE, environment = process.env } = options;
  const address = environment["ACTIONS_ID_TOKEN_REQUEST_URL"];
  const secret = environment["ACTIONS_ID_TOKEN_REQUEST_TOKEN"];
  if (address === undefined || secret === undefined)
    throw new ConfigurationError(
      "ACTIONS_ID_TOKEN_REQUEST_URL",
      "is not set; run in GitHub Actions, in a job with `permissions: id-token: write`",
    );
  const url = new URL(address);
  url.searchParams.set("audience", audience);
  return workloadIdentity(async () => {
    const text = await ask(url.href, { Authorization: `Bearer ${secret}` }, "GitHub Actions");
    return z.object({ value: z.string() }).parse(JSON.parse(text)).value;
  });
}

async function ask(url: string, headers: Record<string, string>, who: string): Promise<string> {
  // No redirects: the header must not follow them.
  const response = await fetch(url, {
    headers,
    redirect: "error",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (response.status === 200) return await response.text();
  throw new Error(`${who} answered HTTP ${response.status} instead of an identity token`);
}
